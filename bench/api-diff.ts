import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

// Compares two releases of GitHub's description of its REST API by Theseus, by api-smart-diff of npm, and by
// openapi-changes when its program is there: OPENAPI_CHANGES names it, else the one on the PATH. Neither is a dependency of
// ours. See docs/benchmarks.md for how to read it.

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    cache: { type: 'string', default: join(tmpdir(), 'theseus-bench-api-diff') },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  console.error('--rounds is a whole number above 0.');
  process.exit(2);
}
const [package_, peer] = ['@octokit/openapi', 'api-smart-diff@1.0.6'];
const [old, next] = [description('22.0.0'), description('23.0.2')];

/** The description in a release: the package has hundreds of megabytes, of which one file is kept. */
function description(version: string): string {
  const file = join(flags.cache, `github-${version}.json`);
  if (existsSync(file)) return file;
  mkdirSync(flags.cache, { recursive: true });
  console.error(`Fetching ${package_} ${version} into ${flags.cache} …`);
  const packed =
    run('npm', ['pack', `${package_}@${version}`, '--silent'], flags.cache)
      .trim()
      .split('\n')
      .at(-1) ?? '';
  const inside = 'package/generated/api.github.com.json';
  run('tar', ['xzf', packed, inside], flags.cache);
  run('mv', [inside, file], flags.cache);
  for (const left of [packed, 'package']) rmSync(join(flags.cache, left), { recursive: true });
  return file;
}

function peerFolder(): string {
  const folder = join(flags.cache, 'peer');
  if (!existsSync(join(folder, 'node_modules', 'api-smart-diff'))) {
    mkdirSync(folder, { recursive: true });
    run(
      'npm',
      ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--silent', peer],
      folder,
    );
  }
  return folder;
}

function run(program: string, args: string[], cwd?: string): string {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 30, timeout: 600_000 });
  if (done.error ?? done.status !== 0)
    throw new Error(
      `${program} ${args.join(' ')} failed: ${done.error?.message ?? done.stderr.slice(0, 500)}`,
    );
  return done.stdout;
}

/** Seconds of a whole program, whatever it ends with; undefined when it is not there. */
function timed(program: string, args: string[]): number | undefined {
  const start = performance.now();
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 30, timeout: 600_000 });
  return done.error ? undefined : (performance.now() - start) / 1_000;
}

interface Once {
  /** From the texts in memory to the changes. */
  seconds: number;
  cpu: number;
  changes: number;
  breaking: number;
}

const once = (script: string, ...args: string[]): Once =>
  JSON.parse(run(process.execPath, [join(import.meta.dirname, 'api-diff', script), old, next, ...args]));
const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
const rounded = (value: number) => Number(value.toFixed(2));

const theirs = process.env.OPENAPI_CHANGES ?? 'openapi-changes';
const hasTheirs = timed(theirs, ['version']) !== undefined;
const cli = join(import.meta.dirname, '..', 'bin', 'theseus.js');
const folder = peerFolder();
const found = { ours: [] as Once[], peer: [] as Once[], command: [] as number[], theirs: [] as number[] };
// One after the other in each round, each in a process of its own: what else the machine does falls upon all alike.
for (let round = 0; round < rounds; round++) {
  found.ours.push(once('ours.ts'));
  found.peer.push(once('peer.ts', folder));
  found.command.push(
    timed(process.execPath, [cli, 'api', 'diff', old, next, '--json', '--fail-on', 'never']) ?? 0,
  );
  if (hasTheirs) found.theirs.push(timed(theirs, ['report', '--no-color', old, next]) ?? 0);
}
const [ours, other] = [found.ours, found.peer].map((all) => median(all.map(({ seconds }) => seconds)));
const [oursCpu, peerCpu] = [found.ours, found.peer].map((all) => median(all.map(({ cpu }) => cpu)));
const result = {
  bytes: statSync(next).size,
  rounds,
  processor: cpus()[0]?.model ?? 'unknown',
  load: rounded(loadavg()[0] ?? 0),
  ours_s: rounded(ours ?? 0),
  ours_cpu_s: rounded(oursCpu ?? 0),
  ours_command_s: rounded(median(found.command)),
  ours_changes: found.ours[0]?.changes,
  ours_breaking: found.ours[0]?.breaking,
  peer,
  peer_s: rounded(other ?? 0),
  peer_cpu_s: rounded(peerCpu ?? 0),
  peer_changes: found.peer[0]?.changes,
  peer_breaking: found.peer[0]?.breaking,
  openapi_changes_s: hasTheirs ? rounded(median(found.theirs)) : null,
  ratio: rounded((hasTheirs ? median(found.theirs) : (other ?? 0)) / (ours ?? 1)),
};
if (!flags.json) {
  console.log(
    `GitHub's description, 22.0.0 and 23.0.2, ${result.bytes} bytes; median of ${rounds} rounds, ${result.processor}, load ${result.load}`,
  );
  console.log(
    `theseus, library     ${result.ours_s} s (processor ${result.ours_cpu_s} s), ${result.ours_changes} changes, ${result.ours_breaking} break`,
  );
  console.log(`theseus, command     ${result.ours_command_s} s`);
  console.log(
    `${peer} ${result.peer_s} s (processor ${result.peer_cpu_s} s), ${result.peer_changes} differences, ${result.peer_breaking} break`,
  );
  if (!hasTheirs)
    console.log(
      'openapi-changes is not here: its package holds no program. Set OPENAPI_CHANGES to one to have it measured, too.',
    );
}
console.log(JSON.stringify(result));
