import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { z } from 'zod';

// Evaluates one flag, and one of a thousand, by ours and by the evaluators of others. See docs/benchmarks.md for how to
// read it.

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    milliseconds: { type: 'string', default: '400' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, milliseconds] = [Number(options.rounds), Number(options.milliseconds)];
if (![rounds, milliseconds].every((number) => Number.isSafeInteger(number) && number > 0)) {
  console.error('--rounds and --milliseconds are whole numbers above 0.');
  process.exit(2);
}

const OURS = 'theseus';
/** The bound, which is no product: no peer is compared with it. */
const BY_HAND = 'by-hand';
const PEERS = ['flagd-core', 'growthbook', 'unleash', 'launchdarkly'];
const CONTENDERS = [OURS, ...PEERS, BY_HAND];
const MANY = 1_000;

const sample = z.strictObject({
  ns: z.number(),
  match_ns: z.number(),
  miss_ns: z.number(),
  share: z.number(),
  load_ms: z.number(),
  kilobytes: z.number(),
});
type Sample = z.infer<typeof sample>;

/** One contender in a process of its own, which also checks that it answers both ways, and to the right ones. */
function taken(contender: string, flags: number): Sample {
  const args = ['--expose-gc', new URL('flags/sample.ts', import.meta.url).pathname, contender, `${flags}`];
  const output = execFileSync(process.execPath, [...args, `${milliseconds}`], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  return sample.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
}

const samples = new Map<string, Sample[]>();
for (let round = 1; round <= rounds; round++) {
  console.error(`Round ${round} of ${rounds} …`);
  for (const flags of [1, MANY]) {
    // By hand there is one rule, whatever a flag is called.
    for (const contender of CONTENDERS.filter((name) => flags === 1 || name !== BY_HAND)) {
      const name = `${contender} ${flags}`;
      samples.set(name, [...(samples.get(name) ?? []), taken(contender, flags)]);
    }
  }
}

const rounded = (value: number) => Math.round(value * 10) / 10;
function spread(contender: string, flags: number, figure: keyof Sample) {
  const all = (samples.get(`${contender} ${flags}`) ?? [])
    .map((one) => one[figure])
    .toSorted((a, b) => a - b);
  const median = all[Math.floor(all.length / 2)] ?? Number.NaN;
  return {
    median: rounded(median),
    least: rounded(all[0] ?? Number.NaN),
    most: rounded(all.at(-1) ?? Number.NaN),
  };
}
const medians = (names: readonly string[], flags: number, figure: keyof Sample) =>
  Object.fromEntries(names.map((name) => [name, spread(name, flags, figure).median]));

const ns_per_evaluation = medians(CONTENDERS, 1, 'ns');
const fastest = Math.min(...PEERS.map((name) => ns_per_evaluation[name] ?? Number.NaN));
const ours = ns_per_evaluation[OURS] ?? Number.NaN;
const summary = {
  ns_per_evaluation,
  ours_vs_fastest_peer: rounded(fastest / ours),
  ns_when_met: medians(CONTENDERS, 1, 'match_ns'),
  ns_when_not_met: medians(CONTENDERS, 1, 'miss_ns'),
  share_percent: medians(CONTENDERS, 1, 'share'),
  thousand_flags: {
    ns_per_evaluation: medians([OURS, ...PEERS], MANY, 'ns'),
    load_ms: medians([OURS, ...PEERS], MANY, 'load_ms'),
    kilobytes: medians([OURS, ...PEERS], MANY, 'kilobytes'),
  },
};

if (options.json) console.log(JSON.stringify(summary));
else {
  const [cpu] = cpus();
  console.log(
    `${cpu?.model ?? 'unknown'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
  );
  console.log('\nOne flag: nanoseconds of the processor an evaluation, median (least to most) of the rounds');
  for (const name of CONTENDERS) {
    const [all, met, not] = (['ns', 'match_ns', 'miss_ns'] as const).map((figure) => spread(name, 1, figure));
    const text = (one: typeof all) => `${one?.median} (${one?.least} to ${one?.most})`;
    console.log(
      `${name.padEnd(14)} ${text(all).padEnd(28)} met ${text(met).padEnd(28)} not met ${text(not)}`,
    );
  }
  console.log(`\nThe fastest of the others takes ${summary.ours_vs_fastest_peer} times as long as ours.`);
  console.log(`\n${MANY} flags: nanoseconds an evaluation, milliseconds to load, kilobytes held`);
  for (const name of [OURS, ...PEERS]) {
    const [ns, load, size] = (['ns', 'load_ms', 'kilobytes'] as const).map(
      (figure) => spread(name, MANY, figure).median,
    );
    console.log(`${name.padEnd(14)} ${String(ns).padEnd(10)} ${String(load).padEnd(10)} ${size}`);
  }
}
