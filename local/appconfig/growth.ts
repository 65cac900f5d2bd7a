import type { StrategyRecord } from './model.ts';

/** A moment of a deployment: how much of it is out from then on, or that it only bakes, or is complete. */
export interface Moment {
  /** Milliseconds after the start. */
  at: number;
  percentage: number;
  state: 'DEPLOYING' | 'BAKING' | 'COMPLETE';
}

type Growth = Pick<StrategyRecord, 'minutes' | 'growthType' | 'growthFactor' | 'bakeMinutes'>;

const minuteMs = 60_000;

/** The percentages that a strategy goes through: evenly (20, 40, …) or doubling (10, 20, 40, 80), the last one 100. */
function percentages({ growthType, growthFactor }: Growth): number[] {
  const steps: number[] = [];
  for (let step = 0; steps.at(-1) !== 100; step += 1) {
    const grown = growthType === 'LINEAR' ? growthFactor * (step + 1) : growthFactor * 2 ** step;
    // Without this a factor such as 100/3 would need one step more.
    steps.push(grown > 99.999 ? 100 : grown);
  }
  return steps;
}

/**
 * What a deployment goes through, in order of time. Its steps are spread evenly over the time of the strategy, the
 * first one at its start; what is out everywhere bakes for the rest.
 */
export function momentsOf(growth: Growth): Moment[] {
  const { minutes, bakeMinutes } = growth;
  const steps = percentages(growth);
  const length = minutes * minuteMs;
  return [
    ...steps.map(
      (percentage, step): Moment => ({
        at: (step * length) / steps.length,
        percentage,
        state: 'DEPLOYING',
      }),
    ),
    ...(bakeMinutes > 0 ? [{ at: length, percentage: 100, state: 'BAKING' as const }] : []),
    { at: length + bakeMinutes * minuteMs, percentage: 100, state: 'COMPLETE' },
  ];
}

const predefined = (name: string, description: string, growth: Growth): StrategyRecord => ({
  id: `AppConfig.${name}`,
  name: `AppConfig.${name}`,
  description,
  tags: {},
  ...growth,
});

/**
 * Those that AWS brings along.
 * https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-deployment-strategy-predefined.html
 */
export const predefinedStrategies: readonly StrategyRecord[] = [
  predefined('AllAtOnce', 'Quick', { minutes: 0, growthType: 'LINEAR', growthFactor: 100, bakeMinutes: 10 }),
  predefined('Linear50PercentEvery30Seconds', 'Test/Demo', {
    minutes: 1,
    growthType: 'LINEAR',
    growthFactor: 50,
    bakeMinutes: 1,
  }),
  predefined('Linear20PercentEvery6Minutes', 'AWS Recommended', {
    minutes: 30,
    growthType: 'LINEAR',
    growthFactor: 20,
    bakeMinutes: 30,
  }),
  predefined('Canary10Percent20Minutes', 'AWS Recommended', {
    minutes: 20,
    growthType: 'EXPONENTIAL',
    growthFactor: 10,
    bakeMinutes: 10,
  }),
];
