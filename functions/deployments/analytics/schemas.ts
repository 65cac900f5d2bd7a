import { z } from 'zod';

const Spread = z
  .strictObject({ count: z.int(), median: z.number().nullable(), p90: z.number().nullable() })
  .describe('s, over so many deployments');
const measures = {
  deployments: z.int().describe('That were begun'),
  succeeded: z.int().describe('Whose version got all traffic and kept it'),
  perDay: z.number().describe('Deployment frequency: succeeded ones a day'),
  leadTime: Spread.describe('From the commit, or the registration of the version, to all traffic; s'),
  changeFailureRate: z.number().nullable().describe('0 to 1: of those that got traffic, how many lost it'),
  timeToRestore: Spread.describe('From the shift that hurt until the old version had all traffic again; s'),
  rollbacks: z.int(),
};
export const DeploymentAnalytics = z
  .strictObject({
    from: z.string(),
    to: z.string(),
    complete: z.boolean().describe('false: there were more than 2,000, and the oldest are not in it'),
    overall: z.strictObject(measures),
    services: z.array(z.strictObject({ service: z.string(), ...measures })),
  })
  .meta({ id: 'DeploymentAnalytics' });
export type DeploymentAnalytics = z.infer<typeof DeploymentAnalytics>;
