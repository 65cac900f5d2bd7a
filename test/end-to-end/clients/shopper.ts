import type { ShopModel } from '../../../examples/shop/application.ts';

/** The few things a shop's application does, through one client library and one version of the schema. */
export interface ShopClient {
  name: string;
  addCustomer(email: string, first: string, last: string): Promise<number>;
  renameCustomer(id: number, first: string, last: string): Promise<void>;
  /** First and last name. */
  readCustomer(id: number): Promise<[string, string]>;
  addOrder(customer: number, amount: number): Promise<number>;
  addItem(order: number): Promise<void>;
  close(): Promise<void>;
}

export interface Shopping {
  name: string;
  /** Resolves when this many more rounds were done. */
  rounds(more: number): Promise<void>;
  /** Ends after the round in hand. */
  stop(): Promise<{ model: ShopModel; errors: string[] }>;
}

const patienceMs = 60_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Goes round and round: writes, reads what it wrote, and remembers it for the check at the end. */
export function startShopping(client: ShopClient): Shopping {
  const names = new Map<number, [number, string, string]>();
  const amounts = new Map<number, [number, number]>();
  const errors: string[] = [];
  let rounds = 0;
  let addedItems = 0;
  let going = true;

  async function expectName(id: number, first: string, last: string): Promise<void> {
    const found = await client.readCustomer(id);
    if (found[0] !== first || found[1] !== last)
      errors.push(`customer ${id}: wrote ${first} ${last}, read ${found}`);
  }

  async function round(): Promise<void> {
    const email = `${client.name}-${rounds}-${Date.now()}@shop.example`;
    const id = await client.addCustomer(email, `F${rounds}`, 'Added');
    names.set(id, [id, `F${rounds}`, 'Added']);
    await expectName(id, `F${rounds}`, 'Added');
    await client.renameCustomer(id, `G${rounds}`, 'Renamed');
    names.set(id, [id, `G${rounds}`, 'Renamed']);
    await expectName(id, `G${rounds}`, 'Renamed');
    const order = await client.addOrder(id, rounds + 1);
    amounts.set(order, [order, rounds + 1]);
    await client.addItem(order);
    addedItems += 1;
  }

  async function goRound(): Promise<void> {
    while (going) {
      try {
        await round();
      } catch (error) {
        errors.push(`${client.name}: ${String(error)}`);
      }
      rounds += 1;
      await pause(10);
    }
  }
  const done = goRound();

  return {
    name: client.name,
    async rounds(more) {
      const goal = rounds + more;
      const tired = Date.now() + patienceMs;
      while (rounds < goal) {
        if (Date.now() > tired) throw new Error(`${client.name} came no further than round ${rounds}`);
        await pause(20);
      }
    },
    async stop() {
      going = false;
      await done;
      await client.close();
      const model = {
        names: [...names.values()],
        amounts: [...amounts.values()],
        addedCustomers: [...names.keys()],
        addedOrders: [...amounts.keys()],
        addedItems,
        unsure: [],
      };
      return { model, errors };
    },
  };
}
