/** How published configuration reaches whoever reads it from AppConfig: at once, since an update watched it before. */
export const configurationStrategies = [
  {
    variable: 'CONFIGURATION_IMMEDIATE_STRATEGY',
    name: 'immediate',
    minutes: 0,
    growthType: 'LINEAR',
    growthFactor: 100,
    bakeMinutes: 0,
  },
] as const;
