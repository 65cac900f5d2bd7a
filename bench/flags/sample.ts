import { COUNTRIES, type Contender, type Loaded, PERCENT, PLAN, users } from './contender.ts';

// One contender in a process of its own: `node --expose-gc sample.ts <contender> <flags> <milliseconds>` prints one line.

const [name = '', count = '1', milliseconds = '400'] = process.argv.slice(2);
const flags = Array.from({ length: Number(count) }, (_, index) => `rollout-${index}`);
const all = users();
const matching = all.map(({ country, plan }) => COUNTRIES.includes(country) && plan === PLAN);
const places = (wanted: (index: number) => boolean) => all.map((_, index) => index).filter(wanted);

const memory = () => {
  global.gc?.();
  return process.memoryUsage().heapUsed;
};

/**
 * Nanoseconds of the processor that an evaluation over these users takes the thread, measured for about so long: what
 * else the machine does is left out, and so is what V8 does in threads of its own.
 */
async function timed({ evaluate }: Loaded, among: readonly number[], ms: number): Promise<number> {
  const mask = among.length - 1;
  let [done, on, microseconds] = [0, 0, 0];
  while (microseconds < ms * 1_000) {
    const before = process.threadCpuUsage();
    for (let index = 0; index < 16_384; index++) {
      const flag = flags.length === 1 ? flags[0] : flags[(index * 7) % flags.length];
      if (evaluate(flag ?? '', among[index & mask] ?? 0)) on++;
    }
    const { user, system } = process.threadCpuUsage(before);
    microseconds += user + system;
    done += 16_384;
    // Whoever made promises may settle them.
    await new Promise(setImmediate);
  }
  if (on > done) throw new Error('More were on than were asked');
  return (microseconds * 1_000) / done;
}

/** Both answers have to be given, to the share of those whom the rule is for, and to nobody else. */
function check({ evaluate }: Loaded): number {
  const answers = all.map((_, user) => evaluate(flags[0] ?? '', user));
  if (answers.some((on, user) => on && !matching[user]))
    throw new Error(`${name} is on for one whom no rule meets`);
  const share = (answers.filter(Boolean).length * 100) / matching.filter(Boolean).length;
  if (Math.abs(share - PERCENT) > 10)
    throw new Error(`${name} is on for ${share} % of those whom the rule meets`);
  return share;
}

const module: { contender: Contender } = await import(`./${name}.ts`);
const before = memory();
const start = process.threadCpuUsage();
const loaded = await module.contender.load(flags, all);
const { user, system } = process.threadCpuUsage(start);
const load_ms = (user + system) / 1_000;
const bytes = memory() - before;
const share = check(loaded);
const everyone = places(() => true);
await timed(loaded, everyone, Number(milliseconds) / 2);
const ns = await timed(loaded, everyone, Number(milliseconds));
// Powers of two, as the loop takes them.
const match_ns = await timed(
  loaded,
  places((index) => matching[index] === true).slice(0, 256),
  Number(milliseconds) / 2,
);
const miss_ns = await timed(
  loaded,
  places((index) => matching[index] === false).slice(0, 512),
  Number(milliseconds) / 2,
);
console.log(JSON.stringify({ ns, match_ns, miss_ns, share, load_ms, kilobytes: bytes / 1_024 }));
process.exit(0);
