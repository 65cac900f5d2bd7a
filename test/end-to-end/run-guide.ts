import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import pg from 'pg';
import { holderOf } from '#local/lock.ts';
import { describePlan } from '../../cli/migration/describe.ts';
import { planWithoutPlatform } from '../../cli/migration/offline.ts';
import { type Block, missingLine, readBlocks } from './guide.ts';

const root = join(import.meta.dirname, '..', '..');
/** How guides write the address of the database and of the platform; a run has others. */
const databaseInGuides = /postgresql:\/\/(\w+):(\w+)@localhost:5432\/shop/g;
const platformInGuides = 'http://127.0.0.1:4280';
const gatewayInGuides = 'http://127.0.0.1:4281';
const blockMs = 60_000;

interface Folder {
  path: string;
  databaseUrl: string;
  platformUrl: string;
  gatewayUrl: string;
  /** The id of the migration that was named last. */
  migration: string;
  backup: string;
  /** The id of the fleet that was named last. */
  fleet: string;
  /** The id of the permission that was named last. */
  permission: string;
  /** The id of the webhook that was named last. */
  webhook: string;
  /** The id of the deployment that was named last. */
  deployment: string;
  /** The id of the deprecation that was named last. */
  deprecation: string;
  /** The id of the flag's rollout that was named last. */
  rollout: string;
  environment: NodeJS.ProcessEnv;
  terminals: ChildProcess[];
}

/**
 * Does what a reader of a guide does, block by block, in a new folder that looks like a clone: `npx theseus` is this
 * repository's, `examples` is there. Writes in commands `mig_…`, `bak_…`, `flt_…`, `per_…`, `whk_…`, `dep_…`, `dpr_…` and `rol_…` for the id seen last.
 * @throws Error naming the block that did something else than the guide says, with what it printed.
 */
export async function runGuide(path: string, databaseUrl: string): Promise<{ ran: number }> {
  const folder = await openFolder(databaseUrl);
  let printed = '';
  let ran = 0;
  try {
    for (const block of readBlocks(path)) {
      const where = `${path}:${block.line}`;
      if (block.kind === 'example') continue;
      if (block.kind === 'output') {
        const missing = missingLine(block.text, printed);
        if (missing !== undefined)
          throw new Error(`${where}: expected the line\n  ${missing}\nin\n${printed}`);
        continue;
      }
      ran += 1;
      const text = asRun(block.text, folder);
      if (block.kind === 'file') await writeNamed(folder.path, text, where);
      else if (block.kind === 'plan') {
        const name = await writeNamed(folder.path, text, where);
        const { plan, findings, forecast } = await planWithoutPlatform(databaseUrl, 'public', text, name, {
          login: undefined,
          backUpRows: undefined,
          diskFreeBytes: undefined,
          allViews: undefined,
          validationLevel: undefined,
          pace: {},
        });
        printed = describePlan(plan, forecast, { sql: false, findings })
          .map(stripVTControlCharacters)
          .join('\n');
        if (findings.length > 0) throw new Error(`${where}: cannot run\n${printed}`);
      } else {
        const done = await runBlock({ ...block, text }, folder);
        printed = asWritten(done.printed, folder);
        const lastFirst = printed.split('\n').toReversed().join('\n');
        folder.migration = /mig_\w+/.exec(lastFirst)?.[0] ?? folder.migration;
        folder.backup = /bak_\w+/.exec(lastFirst)?.[0] ?? folder.backup;
        folder.fleet = /flt_\w+/.exec(lastFirst)?.[0] ?? folder.fleet;
        folder.permission = /per_\w+/.exec(lastFirst)?.[0] ?? folder.permission;
        folder.deployment = /dep_\w+/.exec(lastFirst)?.[0] ?? folder.deployment;
        folder.deprecation = /dpr_\w+/.exec(lastFirst)?.[0] ?? folder.deprecation;
        folder.rollout = /rol_\w+/.exec(lastFirst)?.[0] ?? folder.rollout;
        folder.webhook = /whk_\w+/.exec(lastFirst)?.[0] ?? folder.webhook;
        if (done.code !== block.exit)
          throw new Error(`${where}: ended with ${done.code}, not ${block.exit}\n${text}\n${printed}`);
      }
    }
    return { ran };
  } finally {
    await closeFolder(folder);
  }
}

async function writeNamed(folder: string, text: string, where: string): Promise<string> {
  const name = /^(?:#|--) (\S+)\n/.exec(text)?.[1];
  if (name === undefined) throw new Error(`${where}: the first line of a file is its name, # name.yaml`);
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
  return name;
}

async function openFolder(databaseUrl: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'theseus-guide-'));
  const programs = join(path, '.programs');
  await mkdir(programs);
  await symlink(join(root, 'examples'), join(path, 'examples'));
  const npx = join(programs, 'npx');
  // The ports of the guide may be in use on this machine.
  const launch = `exec "${process.execPath}" "${join(root, 'bin', 'theseus.js')}" "$@"`;
  await writeFile(
    npx,
    `#!/bin/sh\nshift\nif [ "$1" = dev ]; then set -- "$@" --port 0 --gateway-port 0; fi\n${launch}\n`,
  );
  await chmod(npx, 0o755);
  const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' };
  for (const name of Object.keys(environment)) if (/^(THESEUS_|VITEST)/.test(name)) delete environment[name];
  environment.PATH = [programs, dirname(process.execPath), process.env.PATH].join(delimiter);
  return {
    path,
    databaseUrl,
    platformUrl: '',
    gatewayUrl: '',
    migration: 'mig_…',
    backup: 'bak_…',
    fleet: 'flt_…',
    permission: 'per_…',
    webhook: 'whk_…',
    deployment: 'dep_…',
    deprecation: 'dpr_…',
    rollout: 'rol_…',
    environment,
    terminals: [],
  };
}

async function closeFolder({ path, terminals }: Folder): Promise<void> {
  for (const terminal of terminals) {
    if (terminal.exitCode !== null || terminal.signalCode !== null) continue;
    const ended = new Promise((resolve) => terminal.once('exit', resolve));
    terminal.kill('SIGTERM');
    await Promise.race([ended, sleep(5_000)]);
    terminal.kill('SIGKILL');
  }
  await rm(path, { recursive: true, force: true });
}

function asRun(
  text: string,
  {
    databaseUrl,
    platformUrl,
    gatewayUrl,
    migration,
    backup,
    fleet,
    permission,
    webhook,
    deployment,
    deprecation,
    rollout,
  }: Folder,
): string {
  return text
    .replaceAll(databaseInGuides, (_, user: string, password: string) => {
      const url = new URL(databaseUrl);
      if (user !== 'postgres') Object.assign(url, { username: user, password });
      return url.href;
    })
    .replaceAll(platformInGuides, platformUrl || platformInGuides)
    .replaceAll(gatewayInGuides, gatewayUrl || gatewayInGuides)
    .replaceAll('mig_…', migration)
    .replaceAll('bak_…', backup)
    .replaceAll('flt_…', fleet)
    .replaceAll('per_…', permission)
    .replaceAll('whk_…', webhook)
    .replaceAll('dep_…', deployment)
    .replaceAll('dpr_…', deprecation)
    .replaceAll('rol_…', rollout);
}

function asWritten(printed: string, { platformUrl, gatewayUrl, databaseUrl }: Folder): string {
  const { host, pathname } = new URL(databaseUrl);
  const written = printed
    .replaceAll(`${host}${pathname}`, 'localhost:5432/shop')
    .replaceAll(pathname.slice(1), 'shop');
  const platforms = platformUrl === '' ? written : written.replaceAll(platformUrl, platformInGuides);
  return gatewayUrl === '' ? platforms : platforms.replaceAll(gatewayUrl, gatewayInGuides);
}

interface Done {
  code: number | null;
  printed: string;
}

async function runBlock(block: Block, folder: Folder): Promise<Done> {
  if (block.language === 'sql') return runSql(block.text, folder.databaseUrl);
  if (block.language !== 'sh') throw new Error(`Line ${block.line}: ${block.language} cannot be run`);
  if (block.kind === 'terminal') return openTerminal(block.text, folder);
  const child = spawn('sh', ['-e', '-c', block.text], {
    cwd: folder.path,
    env: folder.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: blockMs,
    killSignal: 'SIGKILL',
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, printed };
}

/** Starts what is left running, and waits until the platform on the folder answers. */
async function openTerminal(text: string, folder: Folder): Promise<Done> {
  const child = spawn('sh', ['-c', `exec ${text}`], {
    cwd: folder.path,
    env: folder.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  folder.terminals.push(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)));
  for (const end = Date.now() + blockMs; ; ) {
    const holder = await holderOf(join(folder.path, '.theseus'));
    if (holder?.url !== undefined && holder.pid === child.pid) {
      folder.platformUrl = holder.url;
      folder.gatewayUrl = holder.gatewayUrl ?? '';
      // What it prints comes right after its address is known.
      await sleep(100);
      return { code: 0, printed };
    }
    if (child.exitCode !== null || Date.now() > end) return { code: child.exitCode, printed };
    await sleep(50);
  }
}

async function runSql(text: string, databaseUrl: string): Promise<Done> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const answers = [await client.query({ text, rowMode: 'array' })].flat();
    return { code: 0, printed: answers.map(asTable).join('\n') };
  } catch (error) {
    return { code: 1, printed: `ERROR: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    await client.end();
  }
}

/** As psql prints it, apart from the blanks. */
function asTable(answer: pg.QueryArrayResult): string {
  if (answer.fields.length === 0) return `${answer.command} ${answer.rowCount ?? ''}`;
  const lines = [
    answer.fields.map(({ name }) => name),
    ...answer.rows.map((row) => row.map((cell) => cell ?? '')),
  ];
  return lines.map((cells) => cells.map(String).join(' | ')).join('\n');
}
