import pg from 'pg';
import { findDatabase } from '#migrations/databases/databases.ts';
import { connectionString } from '#migrations/databases/target.ts';
import type { TestPlatform } from './platform.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What clients know of a write: the row, and what it was last known to hold. */
type Known = Map<number, string>;

/**
 * Clients of a shop that write all the time, each on a connection of its own, and go where the database's record says.
 * A write that is refused because clients have moved is written again on the other side; whatever was answered is kept
 * in a model, and looked for afterwards.
 */
export class Application {
  readonly failures: string[] = [];
  readonly #known: Known = new Map();
  readonly #writes = new Map<string, number>();
  readonly #platform: TestPlatform;
  readonly #database: string;
  readonly #pooled: boolean;
  #clients: Promise<void>[] = [];
  #over = false;
  #held: Promise<void> | null = null;
  #letGo = () => {};
  #working = 0;

  /** `pooled`: clients are held and sent elsewhere as by a pooler; they look for nothing, and nothing may be refused. */
  constructor(platform: TestPlatform, database: string, { pooled = false } = {}) {
    this.#platform = platform;
    this.#database = database;
    this.#pooled = pooled;
  }

  /** As a pooler's PAUSE: nothing is sent any more, and what was sent is answered. */
  async hold(): Promise<void> {
    this.#held ??= new Promise((resolve) => {
      this.#letGo = resolve;
    });
    while (this.#working > 0) await pause(2);
  }

  /** As its RESUME. Clients ask where to go first. */
  release(): void {
    this.#held = null;
    this.#letGo();
  }

  async run(clients: number): Promise<void> {
    this.#clients = Array.from({ length: clients }, (_, number) => this.#client(number));
    await pause(50);
  }

  writesOn(url: string): number {
    return this.#writes.get(url) ?? 0;
  }

  async stop(): Promise<void> {
    this.#over = true;
    this.release();
    await Promise.all(this.#clients);
  }

  /** Where clients are to go now, as anybody may ask it. */
  async #place(): Promise<string> {
    const { body } = await this.#platform.request('GET', `/databases/${this.#database}`);
    const { secretArn } = await findDatabase(body.servedBy?.id ?? body.id);
    return connectionString(secretArn);
  }

  async #client(number: number): Promise<void> {
    let url = await this.#place();
    let connection = await connect(url);
    let own = 0;
    for (let turn = 0; !this.#over; turn += 1) {
      const waited = this.#held !== null;
      while (this.#held !== null) await this.#held;
      // Each looks where to go at its own time; pooled ones when they were held.
      if (this.#pooled ? waited : turn % 20 === number) {
        const now = await this.#place();
        if (now !== url) {
          await connection.end();
          url = now;
          connection = await connect(url);
        }
      }
      const note = `${number}/${turn}`;
      // While they looked they may have been held again.
      if (this.#held !== null) continue;
      this.#working += 1;
      try {
        if (own > 0 && turn % 3 === 0) {
          await connection.query('UPDATE orders SET note = $1 WHERE id = $2', [note, own]);
        } else {
          const { rows } = await connection.query<{ id: number }>(
            'INSERT INTO orders (customer, note, amount) VALUES ($1, $2, 1) RETURNING id',
            [1 + (turn % 500), note],
          );
          own = rows[0]?.id ?? 0;
          if (this.#known.has(own)) this.failures.push(`key ${own} was given twice`);
        }
        this.#known.set(own, note);
        this.#writes.set(url, this.writesOn(url) + 1);
      } catch (error) {
        const refused = error instanceof pg.DatabaseError && error.code === '25006';
        if (!refused || this.#pooled) this.failures.push(String(error));
        const now = await this.#place();
        if (now !== url) {
          await connection.end().catch(() => {});
          url = now;
          connection = await connect(url);
        }
      } finally {
        this.#working -= 1;
      }
      await pause(4);
    }
    await connection.end();
  }

  /** Rows of the model that a database does not have, or has otherwise. */
  async lost(url: string): Promise<string[]> {
    const connection = await connect(url);
    const { rows } = await connection.query<{ id: number; note: string }>(
      'SELECT id, note FROM orders WHERE note IS NOT NULL',
    );
    await connection.end();
    const found = new Map(rows.map(({ id, note }) => [id, note]));
    return [...this.#known]
      .filter(([id, note]) => found.get(id) !== note)
      .map(([id, note]) => `${id}: ${note}, found ${found.get(id)}`);
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}
