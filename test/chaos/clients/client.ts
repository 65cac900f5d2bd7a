import pg from 'pg';

/** Rows that stand from the start. */
const standing = 400;

/** Numbers of new rows, of all clients together. */
let next = 1_000_000;

/**
 * One client that runs prepared statements one after the other until it is stopped: it opens no second connection,
 * prepares nothing again and asks nothing twice, as an application would that knows of no migration.
 */
export class Client {
  requests = 0;
  readonly failures: string[] = [];
  readonly #connection: pg.Client;
  readonly #statements: string[];
  #stopped = false;
  #running: Promise<void> = Promise.resolve();
  /** Called after each request. */
  #after: (() => void)[] = [];

  private constructor(connection: pg.Client, statements: string[]) {
    this.#connection = connection;
    this.#statements = statements;
  }

  static async start(url: string, path: string[], statements: string[], pauseMs: number): Promise<Client> {
    const connection = new pg.Client({ connectionString: url, query_timeout: 30_000 });
    connection.on('error', () => {});
    await connection.connect();
    await connection.query(`SET search_path = ${path.map((name) => pg.escapeIdentifier(name)).join(', ')}`);
    const client = new Client(connection, statements);
    client.#running = client.#run(pauseMs);
    return client;
  }

  async #run(pauseMs: number): Promise<void> {
    for (let turn = Math.floor(Math.random() * 1_000); !this.#stopped; turn += 1) {
      const at = turn % this.#statements.length;
      const text = this.#statements[at] ?? 'SELECT 1';
      const row = /^INSERT/.test(text) ? next++ : 1 + Math.floor(Math.random() * standing);
      const values =
        [...new Set(text.match(/\$\d/g))].length === 2
          ? [row, turn % 90]
          : [/\$1/.test(text) ? row : turn % 90];
      // A statement that only has $2 has it as its only parameter.
      const sql = /\$1/.test(text) ? text : text.replaceAll('$2', '$1');
      try {
        await this.#connection.query({ name: `statement ${at}`, text: sql, values });
      } catch (error) {
        this.failures.push(`${sql}: ${error instanceof Error ? error.message : String(error)}`);
      }
      this.requests += 1;
      for (const done of this.#after) done();
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Resolves when this many more requests were answered. */
  more(requests: number): Promise<void> {
    const until = this.requests + requests;
    return new Promise((resolve) => {
      const check = () => {
        if (this.requests < until && !this.#stopped) return;
        this.#after = this.#after.filter((other) => other !== check);
        resolve();
      };
      this.#after.push(check);
      check();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#connection.end();
  }
}
