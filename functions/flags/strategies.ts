/**
 * How flags reach whoever reads them, by the variable that tells functions the id of the strategy. Times are minutes,
 * growth is percent. What is growing can be rolled back by an alarm, and while it bakes.
 */
export const flagStrategies = [
  {
    variable: 'FLAGS_IMMEDIATE_STRATEGY',
    name: 'immediate',
    minutes: 0,
    growthType: 'LINEAR',
    growthFactor: 100,
    bakeMinutes: 0,
  },
  {
    variable: 'FLAGS_LINEAR_STRATEGY',
    name: 'linear',
    minutes: 10,
    growthType: 'LINEAR',
    growthFactor: 10,
    bakeMinutes: 5,
  },
  {
    variable: 'FLAGS_EXPONENTIAL_STRATEGY',
    name: 'exponential',
    minutes: 14,
    growthType: 'EXPONENTIAL',
    growthFactor: 2,
    bakeMinutes: 5,
  },
] as const;
