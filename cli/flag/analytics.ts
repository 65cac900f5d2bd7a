import { Command } from 'commander';
import { FlagAnalytics } from '#flags/analytics/schemas.ts';
import { call } from '../client.ts';
import { colours, count, print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { environmentOption } from './options.ts';
import { flagPath } from './path.ts';

interface Options {
  environment: string;
  from?: string;
  to?: string;
  json?: boolean;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const points = (share: number): string => `${share > 0 ? '+' : ''}${(100 * share).toFixed(2)}`;
const number = (value: number): string => String(Number(value.toPrecision(4)));

/** A time, or a day that is taken from its beginning. */
const timeOf = (text: string | undefined): string | undefined =>
  text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;

/** `theseus flag analytics checkout --environment production`. */
export const flagAnalytics = (): Command =>
  new Command('analytics')
    .description('How often each variant of a flag was given, to how many users, and what they did')
    .argument('<flag>')
    .addOption(environmentOption())
    .option('--from <time>', 'a day or a time; else the run of the experiment, or 30 days')
    .option('--to <time>', 'a day or a time; else now')
    .option('--json', 'print JSON: every hour, too')
    .action(async (flag: string, { environment, from, to, json }: Options, command: Command) => {
      const found = await call(await platformOf(command), {
        method: 'GET',
        path: flagPath(environment, 'flags', flag, 'analytics'),
        query: { from: timeOf(from), to: timeOf(to) },
        answer: FlagAnalytics,
      });
      if (json) return printJson(found);
      for (const line of analyticsText(found)) print(line);
    });

/** What the numbers of a flag say, for people. */
export function analyticsText({
  flag,
  environment,
  from,
  to,
  experiment,
  variants,
}: FlagAnalytics): string[] {
  const rows = variants.map(({ variant, evaluations, users }) => [
    variant,
    count(evaluations),
    users.exact
      ? count(users.count)
      : `about ${count(users.count)} (${count(users.low)}–${count(users.high)})`,
  ]);
  return [
    `${flag} in ${environment}, ${from.slice(0, 16)} to ${to.slice(0, 16)}`,
    ...table([['VARIANT', 'EVALUATIONS', 'USERS'], ...rows]),
    ...conversionText(variants),
    ...(experiment === null ? [] : ratioText(experiment)),
  ];
}

function conversionText(variants: FlagAnalytics['variants']): string[] {
  const rows = variants.flatMap(({ variant, conversions }) =>
    conversions.map(({ metric, users, rate, interval, difference, mean, meanInterval }) => [
      metric,
      variant,
      count(users),
      `${percent(rate)} (${percent(interval.low)}–${percent(interval.high)})`,
      difference === null
        ? 'control'
        : `${points(difference.value)} (${points(difference.interval.low)} to ${points(difference.interval.high)})`,
      mean === null
        ? '–'
        : meanInterval === null
          ? number(mean)
          : `${number(mean)} (${number(meanInterval.low)}–${number(meanInterval.high)})`,
    ]),
  );
  if (rows.length === 0) return [];
  rows.sort(([one = ''], [other = '']) => (one < other ? -1 : one > other ? 1 : 0));
  return ['', ...table([['METRIC', 'VARIANT', 'USERS', 'RATE', 'DIFFERENCE, POINTS', 'MEAN'], ...rows])];
}

function ratioText({ run, startedAt, sampleRatio }: NonNullable<FlagAnalytics['experiment']>): string[] {
  const { verdict, why, evidence, threshold, since, splits } = sampleRatio;
  const head = ['', `Run ${run}, since ${startedAt.slice(0, 16)}`];
  if (verdict === 'not judged') return [...head, `The split is not judged: ${why}.`];
  const shares = splits.map((split) =>
    split
      .map(({ variant, share, users }) => `${variant} ${count(users)} (${percent(share)} expected)`)
      .join(', '),
  );
  const verdictLine =
    verdict === 'mismatch'
      ? colours.red(
          `SAMPLE RATIO MISMATCH${since === null ? '' : ` since ${since.slice(0, 16)}`}: evidence ${number(evidence)}, alarm at ${threshold}. Do not trust the comparison; look for what loses users of one variant.`,
        )
      : `The split is as expected: evidence ${number(evidence)}, alarm at ${threshold}.`;
  return [...head, verdictLine, ...shares.map((line) => `  ${line}`)];
}
