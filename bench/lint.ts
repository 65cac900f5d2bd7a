import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lint } from '#migrations/lint/lint.ts';
import { corpus } from '#migrations/lint/testing/corpus.ts';

// Lints the same file by the library, by the command, and by squawk when it is there: SQUAWK names its program, else
// the one on the PATH. It is not a dependency of ours. See docs/benchmarks.md for how to read it.

const { values: flags } = parseArgs({
  options: {
    statements: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const statements = Number(flags.statements);
const rounds = Number(flags.rounds);
if (![statements, rounds].every((number) => Number.isSafeInteger(number) && number > 0)) {
  console.error('--statements and --rounds are whole numbers above 0.');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'theseus-bench-lint-'));
const file = join(folder, 'many.sql');
// Tables told apart, so that no statement is silenced by one before it.
const sql = Array.from({ length: statements }, (_, at) => {
  const text = corpus[at % corpus.length] ?? '';
  return `${text.replaceAll(/\bt\b/g, `t${at}`)};`;
}).join('\n');
writeFileSync(file, sql);

interface Result {
  tool: string;
  /** Median, ms for the whole file. */
  ms: number;
  msPer1000: number;
  findings: number | null;
}

/** One run over the file; how many findings it had, null when it did not say. */
type Once = () => Promise<number | null> | number | null;

/** Each round runs all of them, one after the other, so that what else the machine does falls upon all alike. */
async function measured(tools: [tool: string, once: Once][]): Promise<Result[]> {
  const runs = tools.map(([tool, once]) => ({
    tool,
    once,
    times: [] as number[],
    findings: null as number | null,
  }));
  for (let round = 0; round < rounds; round++) {
    for (const one of runs) {
      const start = performance.now();
      one.findings = await one.once();
      one.times.push(performance.now() - start);
    }
  }
  return runs.map(({ tool, times, findings }) => {
    const ms = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    return { tool, ms: Math.round(ms), msPer1000: Math.round((ms / statements) * 1_000), findings };
  });
}

function run(program: string, args: string[]): string | null {
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 512 * 1_024 * 1_024,
    timeout: 300_000,
  });
  return done.error === undefined && done.status !== null ? done.stdout : null;
}

const lines = (text: string | null) =>
  text?.split('\n').filter((line) => line.startsWith('{')).length ?? null;
const squawk = process.env.SQUAWK ?? 'squawk';
const version = run(squawk, ['--version'])?.trim() ?? null;
const cli = join(import.meta.dirname, '..', 'bin', 'theseus.js');

try {
  const options = { file, postgresVersion: 14, transaction: 'none' as const };
  const tools: [string, Once][] = [
    ['theseus, library', async () => (await lint(sql, options)).length],
    [
      'theseus, command',
      () => lines(run(process.execPath, [cli, 'migration', 'lint', '--json', '--severity', 'info', file])),
    ],
  ];
  if (version !== null) {
    tools.push([
      `${version}, command`,
      () => {
        const found: unknown = JSON.parse(
          run(squawk, ['--pg-version', '14.0', '--reporter', 'json', file]) || '[]',
        );
        return Array.isArray(found) ? found.length : null;
      },
    ]);
  }
  const results = await measured(tools);
  const processor = cpus()[0]?.model ?? 'unknown';
  if (flags.json) console.log(JSON.stringify({ statements, bytes: sql.length, rounds, processor, results }));
  else {
    console.log(`${statements} statements, ${sql.length} bytes, median of ${rounds} rounds, ${processor}`);
    for (const { tool, ms, msPer1000, findings } of results)
      console.log(
        `${tool.padEnd(28)} ${String(ms).padStart(7)} ms  ${String(msPer1000).padStart(7)} ms per 1,000  ${findings ?? '?'} findings`,
      );
    if (version === null)
      console.log('squawk is not here: npm install squawk-cli elsewhere and set SQUAWK to its program.');
  }
} finally {
  rmSync(folder, { recursive: true });
}
