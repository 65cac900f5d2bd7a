import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readTokens } from '#local/http/tokens.ts';
import { holderOf } from '#local/lock.ts';
import { Migration, type MigrationStatus } from '#migrations/schemas.ts';

/** As the command line keeps it: the start of a process costs half. */
const compiled = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export interface Doom {
  /** Each to be died once; see die.ts. */
  deaths?: string[];
  /** Stops itself by SIGSTOP when it has sent these words to whomever; that is its death `stopped`. */
  stopOn?: string;
  /** How far the platform's clock is ahead of the machine's, ms. */
  shiftMs?: number;
  /** A folder of state machine files in place of the repository's. */
  stateMachines?: string;
}

interface Answer {
  status: number;
  body: unknown;
}

/** `theseus dev` in a process of its own, started again by us whenever it dies. */
export interface MortalPlatform {
  directory: string;
  /** The process that runs now. */
  pid(): number;
  /** Deaths so far, `<state machine> <moment> <state>`. */
  deaths(): string[];
  starts(): number;
  /** The answer to one request, asked once; undefined when the platform does not answer, or dies over it. */
  askOnce(method: string, path: string, body?: unknown): Promise<Answer | undefined>;
  /** Attempts it until it comes to something. Throws when for long neither that nor a death happens. */
  patiently<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T>;
  /** The answer to one request, whatever its status; waits for a platform that answers at all. */
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Plans a file of examples/, or the text of one. */
  plan(file: string, options?: object): Promise<Migration>;
  show(id: string): Promise<Migration>;
  /** Starts a plan with every consent it needs. */
  start(planned: Migration, more?: object): Promise<void>;
  /** Asks for an action until it is accepted or `accepted` holds of the migration: an answer may die with its platform. */
  act(id: string, verb: string, accepted: (seen: Migration) => boolean, body?: object): Promise<void>;
  until(id: string, what: string, holds: (seen: Migration) => boolean): Promise<Migration>;
  reach(id: string, ...statuses: MigrationStatus[]): Promise<Migration>;
  /** Resolves when it has died that death. */
  die(death: string): Promise<void>;
  /** What the next start finds, whenever it comes. */
  next(doom: Doom): void;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL now; resolves when the next process answers. From then on it is started with `doom`, if given. */
  kill(doom?: Doom): Promise<void>;
  stop(): Promise<void>;
}

/** How long nothing may happen, neither what is waited for nor a death. */
const patienceMs = 100_000;
const over: MigrationStatus[] = ['rejected', 'cancelled', 'rolled_back', 'undone', 'removed', 'failed'];

const exitOf = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/** Starts a platform over a new directory and registers the database, if there is one, as `shop`. */
export async function startMortal(databaseUrl: string | null, first: Doom = {}): Promise<MortalPlatform> {
  const directory = mkdtempSync(join(tmpdir(), 'theseus-chaos-'));
  const [due, notes] = [join(directory, 'deaths-due'), join(directory, 'deaths-died')];
  let doom = first;
  let port = 0;
  let starts = 0;
  let stopping = false;
  let broken: Error | undefined;
  let newest: string | undefined;
  let child: ChildProcess;

  function launch(): void {
    starts += 1;
    writeFileSync(due, (doom.deaths ?? []).join('\n'));
    if (process.env.CHAOS_TRACE) console.log(new Date().toISOString().slice(14), platform?.deaths().at(-1));
    child = spawn(
      process.execPath,
      [
        ...['--import', here('die.ts')],
        ...[here('../../cli/theseus.ts'), '--directory', directory, 'dev', '--port', String(port), '--json'],
      ],
      {
        stdio: ['pipe', 'ignore', 'inherit'],
        env: {
          ...process.env,
          NODE_COMPILE_CACHE: compiled,
          CHAOS_DEATHS: due,
          CHAOS_NOTES: notes,
          CHAOS_STOP: doom.stopOn ?? '',
          CHAOS_SHIFT_MS: String(doom.shiftMs ?? 0),
          CHAOS_STATE_MACHINES: doom.stateMachines ?? '',
        },
      },
    );
    const one = child;
    void exitOf(one).then(() => {
      if (stopping) return;
      if (one.signalCode === 'SIGKILL') launch();
      else broken = new Error(`The platform ended by itself, with code ${one.exitCode}`);
    });
  }

  /** Where the platform of now answers; undefined while it starts. */
  async function address(): Promise<{ url: string; token: string } | undefined> {
    const holder = await holderOf(directory);
    if (holder?.url === undefined || holder.pid !== child.pid) return undefined;
    const [first] = await readTokens(directory);
    port = Number(new URL(holder.url).port);
    return first && { url: holder.url, token: first.token };
  }

  async function request(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    const to = await address();
    if (to === undefined) return undefined;
    const response = await fetch(to.url + path, {
      method,
      headers: { authorization: `Bearer ${to.token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  async function patiently<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    let until = Date.now() + patienceMs;
    for (let seen = starts; Date.now() < until; ) {
      if (broken) throw broken;
      if (starts > seen) {
        // Every death is a step forward.
        seen = starts;
        until = Date.now() + patienceMs;
      }
      const result = await attempt().catch((error: unknown) => {
        if (error instanceof Hopeless) throw error;
        return undefined; // it died while we asked
      });
      if (result !== undefined) return result;
      // What is waited for needs the processor itself.
      await sleep(100);
    }
    const last = newest === undefined ? undefined : await platform.show(newest).catch(() => undefined);
    throw new Error(
      `${what} did not happen within ${patienceMs} ms; deaths: ${platform.deaths().join('; ')}; ${last?.status}: ${JSON.stringify(last?.errors)}`,
    );
  }

  const platform: MortalPlatform = {
    directory,
    pid: () => child.pid ?? 0,
    starts: () => starts,
    deaths: () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []),
    patiently,
    askOnce: (method, path, body) => request(method, path, body).catch(() => undefined),
    ask: (method, path, body) => patiently(`${method} ${path}`, () => request(method, path, body)),
    async plan(file, options = {}) {
      const answer = await platform.ask('POST', '/migrations', {
        database: 'shop',
        file: file.includes('\n') ? file : readFileSync(here(`../../examples/${file}`), 'utf8'),
        fileName: file.includes('\n') ? '06-chaos.yaml' : file,
        options,
      });
      if (answer.status !== 201) throw new Error(`not planned: ${JSON.stringify(answer.body)}`);
      const planned = Migration.parse(answer.body);
      newest = planned.id;
      return planned;
    },
    async show(id) {
      const answer = await platform.ask('GET', `/migrations/${id}`);
      if (answer.status !== 200) throw new Error(`not shown: ${JSON.stringify(answer.body)}`);
      return Migration.parse(answer.body);
    },
    async start({ id, plan }, more = {}) {
      const consents = plan?.notes.map(({ code }) => code);
      await platform.act(id, 'start', ({ status }) => status !== 'planned', {
        planHash: plan?.hash,
        consents,
        ...more,
      });
    },
    async act(id, verb, accepted, body = {}) {
      await patiently(`${verb} of ${id}`, async () => {
        const answer = await platform.ask('POST', `/migrations/${id}/${verb}`, body);
        return answer.status === 200 || accepted(await platform.show(id)) || undefined;
      });
    },
    until: (id, what, holds) =>
      patiently(what, async () => {
        const seen = await platform.show(id);
        if (holds(seen)) return seen;
        if (over.includes(seen.status))
          throw new Hopeless(`${what}: it ended ${seen.status}: ${JSON.stringify(seen.failure)}`);
        return undefined;
      }),
    reach: (id, ...statuses) =>
      platform.until(id, statuses.join(' or '), (seen) => {
        if (statuses.includes(seen.status)) return true;
        if (seen.status === 'rolling_back' && !statuses.includes('rolled_back'))
          throw new Hopeless(`It is taken back: ${JSON.stringify(seen.failure)}`);
        return false;
      }),
    async die(death) {
      await patiently(death, async () => platform.deaths().includes(death) || undefined);
    },
    next(then) {
      doom = then;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async kill(next) {
      if (next) doom = next;
      const before = starts;
      child.kill('SIGKILL');
      await patiently('a new start', async () => (starts > before ? address() : undefined));
    },
    async stop() {
      stopping = true;
      // One that is stopped by SIGSTOP hears nothing else.
      child.kill('SIGKILL');
      await exitOf(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };

  process.once('exit', () => child.kill('SIGKILL'));
  launch();
  if (databaseUrl === null) return platform;
  const added = await platform.ask('POST', '/databases', { name: 'shop', url: databaseUrl });
  if (added.status !== 201) throw new Error(`database refused: ${JSON.stringify(added.body)}`);
  return platform;
}

/** Waiting longer would not help. */
export class Hopeless extends Error {}
