import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capabilities } from '#local/capabilities.ts';
import { type Cloud, type CloudOptions, startCloud } from '#local/cloud.ts';
import { tokenPath } from '#local/http/tokens.ts';
import { Database } from '#migrations/databases/schemas.ts';
import { readMigration } from '#migrations/migration-store.ts';
import { Migration, type MigrationStatus } from '#migrations/schemas.ts';
import { call } from '../../cli/client.ts';
import type { Platform } from '../../cli/platform.ts';
import { type RecordedRights, recordRights } from '../infrastructure/recorded-rights.ts';

const subjects = {
  ada: ['theseus:administrator', 'theseus:approver'],
  olga: ['theseus:operator'],
  peter: ['theseus:approver'],
  paul: ['theseus:approver'],
  vera: ['theseus:viewer'],
  nobody: ['other:group'],
} as const;
export type Subject = keyof typeof subjects;

const tokenOf = (subject: Subject) => `token-of-${subject}-0123456789`;

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many forms
  body: any;
  headers: Headers;
}

/** What a test says about a migration; the rest of the request is the same everywhere. */
export interface Ask {
  database: string;
  schema?: string;
  /** Operations of the file, or its whole text. */
  operations: unknown[] | string;
  name?: string;
  options?: Record<string, unknown>;
  consents?: string[];
}

/** The whole platform in this process, spoken to over HTTP with the command line's own client. */
export interface TestPlatform {
  cloud: Cloud;
  directory: string;
  as(subject: Subject): Platform;
  addDatabase(name: string, url: string): Promise<Database>;
  plan(ask: Ask): Promise<Migration>;
  /** Plans and starts with every consent the plan asks for. */
  start(ask: Ask): Promise<Migration>;
  act(id: string, verb: string, body?: unknown): Promise<Migration>;
  show(id: string): Promise<Migration>;
  /** Looks again and again until one of the statuses is there; throws what went wrong when it cannot come any more. */
  until(id: string, ...statuses: MigrationStatus[]): Promise<Migration>;
  /** One request; the answer whatever its status. */
  request(method: string, path: string, more?: RequestOptions): Promise<Answer>;
}

interface RequestOptions {
  subject?: Subject;
  body?: unknown;
  /** Sent as it is, instead of a JSON body. */
  text?: string;
  headers?: Record<string, string>;
}

const ends = new Set<MigrationStatus>([
  'planned',
  'rejected',
  'rolled_back',
  'undone',
  'removed',
  'failed',
  'cancelled',
]);
const patienceMs = 240_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks every `everyMs`, at most four minutes, until `look` gives something else than undefined. */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  what: string,
  everyMs = 100,
): Promise<T> {
  const tired = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > tired) throw new Error(`Waited ${patienceMs / 1_000} s in vain: ${what}`);
    await pause(everyMs);
  }
}

const started: { cloud: Cloud; directory: string; rights: RecordedRights }[] = [];
/**
 * Ends every platform of this process; stop-platforms.ts calls it after every test file. Throws Error when functions did
 * what their roles in the cloud may not.
 */
export async function stopAll(): Promise<void> {
  const ended = started.splice(0);
  for (const { cloud, directory } of ended) {
    await cloud.stop();
    await rm(directory, { recursive: true, force: true });
  }
  for (const { rights } of ended) rights.check();
}

/** Starts a platform for this test file over a directory of its own; both are gone after it. */
export async function startPlatform(options: Partial<CloudOptions> = {}): Promise<TestPlatform> {
  const directory = await mkdtemp(join(tmpdir(), 'theseus-e2e-'));
  const tokens = Object.entries(subjects).map(([subject, groups]) => ({
    subject,
    groups,
    // Object.entries forgets that its keys are the subjects.
    token: tokenOf(subject as Subject),
  }));
  await writeFile(tokenPath(directory), JSON.stringify({ tokens }), { mode: 0o600 });
  const rights = recordRights(options.capabilities ?? capabilities);
  const cloud = await startCloud({
    directory,
    port: 0,
    survives: 'process',
    ...options,
    capabilities: rights.capabilities,
  });
  rights.started();
  started.push({ cloud, directory, rights });
  const as = (subject: Subject) => ({ url: cloud.url, token: tokenOf(subject) });
  const show = (id: string) =>
    call(as('ada'), { method: 'GET', path: `/migrations/${id}`, answer: Migration });
  const act = (id: string, verb: string, body: unknown = {}) =>
    call(as('ada'), { method: 'POST', path: `/migrations/${id}/${verb}`, body, answer: Migration });
  const plan = ({ operations, name = '01_change', ...ask }: Ask) =>
    call(as('ada'), {
      method: 'POST',
      path: '/migrations',
      body: {
        file: typeof operations === 'string' ? operations : JSON.stringify({ operations }),
        fileName: `${name}.yaml`,
        ...ask,
      },
      answer: Migration,
    });

  return {
    cloud,
    directory,
    as,
    show,
    act,
    plan,
    addDatabase: (name, url) =>
      call(as('ada'), { method: 'POST', path: '/databases', body: { name, url }, answer: Database }),
    async start(ask) {
      const planned = await plan({ options: { soakSeconds: 3_600 }, ...ask });
      const consents = planned.plan?.notes.filter(({ severity }) => severity === 'consent') ?? [];
      return act(planned.id, 'start', { consents: consents.map(({ code }) => code) });
    },
    until: (id, ...statuses) =>
      eventually(async () => {
        // The record alone: what the API shows beside it costs ten times as much, which the migration would miss.
        const { status } = await readMigration(id);
        if (!statuses.includes(status) && !ends.has(status)) return undefined;
        const migration = await show(id);
        if (statuses.includes(migration.status)) return migration;
        if (!ends.has(migration.status)) return undefined;
        throw new Error(
          `${id} is ${migration.status}, not ${statuses}: ${JSON.stringify([migration.failure, migration.errors[0]])}`,
        );
      }, `${id} to be ${statuses}`),
    async request(method, path, { subject = 'ada', body, text, headers = {} } = {}) {
      const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await fetch(cloud.url + path, {
        method,
        headers: {
          authorization: `Bearer ${tokenOf(subject)}`,
          ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(sent === undefined ? {} : { body: sent }),
      });
      const received = await response.text();
      return {
        status: response.status,
        body: received === '' ? undefined : JSON.parse(received),
        headers: response.headers,
      };
    },
  };
}
