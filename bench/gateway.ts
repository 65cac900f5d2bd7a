import { type ChildProcess, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

// The gateway of the laptop's runtime beside http-proxy, on the same load in the same run. Proxies, service and load are
// processes of their own. See docs/benchmarks.md for how to read it.

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '32' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, seconds, connections] = [flags.rounds, flags.seconds, flags.connections].map(Number);
if (![rounds, seconds, connections].every((number) => Number.isSafeInteger(number) && Number(number) > 0)) {
  console.error('--rounds, --seconds and --connections are whole numbers above 0.');
  process.exit(2);
}

const children: ChildProcess[] = [];

function start(file: string, args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'gateway', file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.once('exit', (code) => reject(new Error(`${child.spawnargs[1]} ended with ${code}`)));
  });
}

const Load = z.object({ perSecond: z.number(), p50: z.number(), p99: z.number(), failures: z.number() });
type Load = z.infer<typeof Load>;

const load = async (url: string, of: number, length: number): Promise<Load> =>
  Load.parse(JSON.parse(await firstLine(start('load.ts', [url, String(of), String(length)]))));

const median = (numbers: number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

interface Way {
  name: 'direct' | 'theseus' | 'http-proxy';
  url: string;
  alone: Load[];
  together: Load[];
}

try {
  const service = await firstLine(start('upstream.ts', []));
  const [theseus, proxy] = await Promise.all([
    firstLine(start('theseus.ts', [service])),
    firstLine(start('http-proxy.ts', [service])),
  ]);
  const ways: Way[] = [
    { name: 'direct', url: service, alone: [], together: [] },
    { name: 'theseus', url: theseus, alone: [], together: [] },
    { name: 'http-proxy', url: proxy, alone: [], together: [] },
  ];
  for (const { url } of ways) await load(url, connections ?? 32, 2);
  for (let round = 0; round < (rounds ?? 5); round += 1) {
    // Each round in the other direction: what else the machine does falls upon all alike.
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      way.alone.push(await load(way.url, 1, Math.max(1, Math.floor((seconds ?? 4) / 2))));
      way.together.push(await load(way.url, connections ?? 32, seconds ?? 4));
    }
    if (!flags.json) console.log(`round ${round + 1} of ${rounds}`);
  }
  report(ways);
} finally {
  for (const child of children) child.kill('SIGTERM');
}

function report(ways: Way[]): void {
  const figures = Object.fromEntries(
    ways.map(({ name, alone, together }) => [
      name,
      {
        p50_ms: median(alone.map(({ p50 }) => p50)),
        p99_ms: median(alone.map(({ p99 }) => p99)),
        requests_per_s: Math.round(median(together.map(({ perSecond }) => perSecond))),
        p99_loaded_ms: median(together.map(({ p99 }) => p99)),
        failures: [...alone, ...together].reduce((sum, one) => sum + one.failures, 0),
      },
    ]),
  );
  const of = (name: Way['name']) => figures[name] ?? { p50_ms: 0, p99_ms: 0, requests_per_s: 0, failures: 0 };
  const added = (name: Way['name']) => Number((of(name).p50_ms - of('direct').p50_ms).toFixed(3));
  const result = {
    added_p50_ms: added('theseus'),
    requests_per_s: of('theseus').requests_per_s,
    vs_http_proxy: Number((of('theseus').requests_per_s / of('http-proxy').requests_per_s).toFixed(2)),
    http_proxy_added_p50_ms: added('http-proxy'),
    http_proxy_requests_per_s: of('http-proxy').requests_per_s,
    failures: ways.reduce((sum, { name }) => sum + of(name).failures, 0),
    rounds,
    seconds,
    connections,
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    ways: figures,
  };
  if (!flags.json) console.table(figures);
  console.log(JSON.stringify(result));
}
