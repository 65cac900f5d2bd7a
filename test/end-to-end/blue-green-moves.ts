import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import pg from 'pg';
import type { Migration } from '#migrations/schemas.ts';
import { type Received, signaturesOf } from '../workflows/receiver.ts';
import type { TestPlatform } from './platform.ts';

export async function query(url: string, text: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** What is left of a migration's replication on any database of these servers. */
export async function remains(id: string, ...urls: string[]): Promise<unknown[]> {
  const own = `theseus_${id.toLowerCase()}%`;
  const found = await Promise.all(
    urls.map((url) =>
      query(
        url,
        `SELECT 'slot' AS kind, slot_name::text AS name FROM pg_replication_slots
           WHERE slot_name LIKE $1 OR (slot_name LIKE 'pg_%_sync_%' AND database = current_database())
         UNION ALL SELECT 'publication', pubname::text FROM pg_publication WHERE pubname LIKE $1
         UNION ALL SELECT 'subscription', subname::text FROM pg_subscription WHERE subname LIKE $1
         UNION ALL SELECT 'marks', relname::text FROM pg_class WHERE relname = $2`,
        [own, `marks_${id.toLowerCase()}`],
      ),
    ),
  );
  return found.flat();
}

export const objectsOf = (url: string) =>
  query(
    url,
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace",
  );

export const file = (target: string, more = '') => `strategy: blue_green\ntarget: ${target}\n${more}`;

export const killed = (name: string) => Object.assign(new Error('the worker died'), { name });

type Death = string | ((id: string) => Promise<void>);

/** Invocations that fail, once each: what is thrown, by function, moment and migration. */
export class Deaths {
  readonly #planned = new Map<string, Death>();

  /**
   * `Lambda.Unknown` is what a killed worker looks like to a workflow, which tries again; `Defect` it does not. A
   * function is run there instead.
   */
  plan(id: string, deaths: Record<string, Death>): void {
    for (const [moment, death] of Object.entries(deaths)) this.#planned.set(`${id} ${moment}`, death);
  }

  /** Those that have not come. */
  of(id: string): string[] {
    return [...this.#planned.keys()].filter((key) => key.startsWith(id));
  }

  /** For `onInvoke` of a drill. */
  async come({ name, stage, event }: { name: string; stage: string; event: unknown }): Promise<void> {
    // Tasks of a migration have its id; others are not looked at.
    const { migrationId } = event as { migrationId?: string };
    const key = `${migrationId} ${name.replace('migrations-', '')} ${stage}`;
    const death = this.#planned.get(key);
    if (death === undefined || !this.#planned.delete(key)) return;
    if (typeof death === 'function') return death(migrationId ?? '');
    throw killed(death);
  }
}

/** Plans a move that nothing stands in the way of, and starts it. */
export async function begin(
  platform: TestPlatform,
  { from, to, more = '', options = {} }: { from: string; to: string; more?: string; options?: object },
  deaths?: { of: Deaths; plan: Parameters<Deaths['plan']>[1] },
): Promise<Migration> {
  const planned = await platform.plan({
    database: from,
    operations: file(to, more),
    name: `move-${to}`,
    options: { ...options },
  });
  if (planned.plan?.findings.length !== 0) throw new Error(JSON.stringify(planned.plan?.findings));
  deaths?.of.plan(planned.id, deaths.plan);
  return platform.act(planned.id, 'start', { planHash: planned.plan?.hash });
}

/** A way to a database that can be cut. */
export async function wayTo(url: string): Promise<{ url: string; cut: () => Promise<void> }> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(Number(port), hostname);
    for (const [one, other] of [
      [client, database],
      [database, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const through = new URL(url);
  through.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: through.href,
    cut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** What a hook is told: when, and who is to have clients. */
export interface Call {
  type: string;
  serves: string;
}

/**
 * A receiver that answers calls of a switch with a status, registered for a database. `calls` are those it got, each
 * signed with its secret.
 */
export async function startHook(
  platform: TestPlatform,
  database: string,
  answer: (call: Call) => Promise<number>,
): Promise<{ calls: Call[]; stop: () => void }> {
  const calls: Call[] = [];
  let secret = '';
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const received: Received = {
        path: '/',
        headers: request.headers,
        text,
        body: JSON.parse(text),
      };
      if (!signaturesOf(received, secret).includes(true)) {
        response.writeHead(401).end();
        return;
      }
      const { type, data } = received.body;
      const call = { type, serves: data.details.serves };
      calls.push(call);
      response.writeHead(await answer(call)).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const { body } = await platform.request('POST', '/webhooks', {
    body: {
      url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`,
      types: ['switch.before', 'switch.after'],
      databases: [database],
    },
  });
  secret = body.secret;
  return {
    calls,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
