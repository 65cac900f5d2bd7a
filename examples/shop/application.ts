import pg from 'pg';
import type { ShopSize } from './data.ts';
import { newVersion, oldVersion, type ShopQueries } from './versions.ts';

export interface ApplicationOptions {
  url: string;
  version: 'old' | 'new';
  /** The schemas the application's connections look in, for example `public_05_shop,public`; null: the server's default. */
  searchPath: string | null;
  /** Requests a second, 1–1000, sent whether or not earlier ones were answered. */
  rate: number;
  /** Which rows this application alone changes: ids ≡ remainder (mod modulus). */
  share: { modulus: number; remainder: number };
  size: ShopSize;
  seed: number;
}

/** What the application knows it wrote: the test's own model of the data. */
export interface ShopModel {
  /** By customer id: first and last name. */
  names: [number, string, string][];
  /** By order id. */
  amounts: [number, number][];
  addedCustomers: number[];
  addedOrders: number[];
  addedItems: number;
  /** Ids whose last write was cut off: either value may stand. */
  unsure: number[];
}

/** One second of requests: latencies in ms from the moment each was due. */
export interface Second {
  at: number;
  latencies: number[];
  errors: string[];
}

export interface Application {
  /** Hands over the seconds that ended since the last call. */
  takeSeconds(): Second[];
  /** Stops sending, waits for requests in flight (at most 15 s), and tells what was written. */
  stop(): Promise<ShopModel>;
}

/** A small generator with a seed, so that a run can be repeated (mulberry32, public domain, Tommy Ettinger). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Starts an application that reads and writes at a steady rate through prepared statements on real connections. */
export function startApplication(options: ApplicationOptions): Application {
  const queries: ShopQueries = options.version === 'old' ? oldVersion : newVersion;
  const random = seeded(options.seed);
  const pool = new pg.Pool({
    connectionString: options.url,
    max: 8,
    application_name: `shop-${options.version}`,
    ...(options.searchPath === null ? {} : { options: `-c search_path=${options.searchPath}` }),
    connectionTimeoutMillis: 10_000,
  });
  // A connection lost while idle is replaced at the next request; the request itself reports its own error.
  pool.on('error', () => {});

  const names = new Map<number, [string, string]>();
  const amounts = new Map<number, number>();
  const addedCustomers: number[] = [];
  const addedOrders: number[] = [];
  const busy = new Set<string>();
  const unsure = new Set<number>();
  let addedItems = 0;
  let serial = 0;

  const run = (name: keyof ShopQueries & string, text: string, values: (string | number)[]) =>
    pool.query<{ id: string }>({ name: `${options.version}-${name}`, text, values });
  const upTo = (limit: number) => 1 + Math.floor(random() * limit);
  /** One of the ids up to `limit` that are this application's alone; rows beyond belong to whoever added them. */
  const own = (limit: number) => {
    const { modulus, remainder } = options.share;
    const first = remainder === 0 ? modulus : remainder;
    return first + modulus * (upTo(Math.max(1, Math.floor((limit - first) / modulus) + 1)) - 1);
  };
  const idOf = (result: pg.QueryResult<{ id: string }>): number => Number(result.rows[0]?.id);

  /** Two writes to one row must not overtake each other, or the model could not tell which came last. */
  async function exclusively(key: string, id: number, write: () => Promise<void>): Promise<void> {
    if (busy.has(key)) return;
    busy.add(key);
    try {
      await write();
    } catch (error) {
      unsure.add(id);
      throw error;
    } finally {
      busy.delete(key);
    }
  }

  async function renameCustomer(): Promise<void> {
    const id = own(options.size.customers);
    const [first, last] = [`F${upTo(999)}`, `${options.version === 'old' ? 'Old' : 'New'}${upTo(999)}`];
    await exclusively(`customer ${id}`, id, async () => {
      const result = await run('renameCustomer', queries.renameCustomer, [
        id,
        ...queries.nameValues(first, last),
      ]);
      if (result.rowCount === 1) names.set(id, [first, last]);
    });
  }

  async function changeAmount(): Promise<void> {
    const id = own(options.size.orders);
    const amount = upTo(1_000_000);
    await exclusively(`order ${id}`, id, async () => {
      const result = await run('changeAmount', queries.changeAmount, [id, amount]);
      if (result.rowCount === 1) amounts.set(id, amount);
    });
  }

  async function addCustomer(): Promise<void> {
    const [first, last] = [`F${upTo(999)}`, `Added${upTo(999)}`];
    const email = `${options.version}-${options.seed}-${++serial}@shop.example`;
    const id = idOf(
      await run('addCustomer', queries.addCustomer, [email, ...queries.nameValues(first, last)]),
    );
    names.set(id, [first, last]);
    addedCustomers.push(id);
  }

  async function addOrder(): Promise<void> {
    const amount = upTo(1_000_000);
    const id = idOf(await run('addOrder', queries.addOrder, [upTo(options.size.customers), amount]));
    amounts.set(id, amount);
    addedOrders.push(id);
    await run('addItem', queries.addItem, [id, `sku-${upTo(500)}`, upTo(9)]);
    addedItems++;
  }

  async function request(): Promise<void> {
    const dice = random();
    if (dice < 0.3) await run('readCustomer', queries.readCustomer, [upTo(options.size.customers)]);
    else if (dice < 0.5) await run('readOrders', queries.readOrders, [upTo(options.size.customers)]);
    else if (dice < 0.6) await run('readItems', queries.readItems, [upTo(options.size.orders)]);
    else if (dice < 0.75) await renameCustomer();
    else if (dice < 0.9) await changeAmount();
    else if (dice < 0.95) await addCustomer();
    else await addOrder();
  }

  const startedAt = Date.now();
  const inFlight = new Set<Promise<void>>();
  let seconds: Second[] = [];
  let current: Second = { at: startedAt, latencies: [], errors: [] };
  let sent = 0;

  function send(due: number): void {
    const done = request()
      .catch((error: unknown) => {
        current.errors.push(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        current.latencies.push(Date.now() - due);
        inFlight.delete(done);
      });
    inFlight.add(done);
  }

  // Open loop: what is due is sent, however slow the answers are, and the wait counts from when it was due.
  const timer = setInterval(() => {
    const now = Date.now();
    while (startedAt + (sent * 1000) / options.rate <= now) send(startedAt + (sent++ * 1000) / options.rate);
    if (now - current.at >= 1000) {
      seconds.push(current);
      current = { at: now, latencies: [], errors: [] };
    }
  }, 5);

  return {
    takeSeconds() {
      const taken = seconds;
      seconds = [];
      return taken;
    },
    async stop() {
      clearInterval(timer);
      await Promise.race([Promise.all(inFlight), new Promise((resolve) => setTimeout(resolve, 15_000))]);
      seconds.push(current);
      await pool.end();
      return {
        names: [...names].map(([id, [first, last]]) => [id, first, last]),
        amounts: [...amounts],
        addedCustomers,
        addedOrders,
        addedItems,
        unsure: [...unsure],
      };
    },
  };
}
