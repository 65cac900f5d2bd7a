import { z } from 'zod';
import { pageOf } from '#platform/page.ts';

/** What the paths of the API mean themselves. */
const reserved = new Set(['audit', 'environments', 'health', 'rollouts']);

/** An environment of flags, such as `production`; its kill switches are `<name>-kill-switches` at AppConfig. */
export const EnvironmentName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,46}$/,
    'Expected lower-case letters, digits and dashes, at most 47, a letter first',
  )
  .refine((name) => !name.endsWith('-kill-switches'), {
    error: 'Names that end with -kill-switches belong to the kill switches of other environments',
  })
  .refine((name) => !reserved.has(name), {
    error: ({ input }) => `${String(input)} is a path of the API itself: expected another name`,
  });

/** How a change comes into force. */
export const Strategy = z
  .union([
    z.enum(['immediate', 'linear', 'exponential']),
    z.strictObject({
      appconfig: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,64}$/, 'Expected the id of a deployment strategy of AppConfig'),
    }),
  ])
  .describe('immediate: all readers at once; linear and exponential: ever more of them; or one of AppConfig');
export type Strategy = z.infer<typeof Strategy>;

/** What an environment is set to be; PUT says all of it. */
export const EnvironmentSettings = z
  .strictObject({
    description: z.string().max(2_000).default(''),
    strategy: Strategy.default('immediate'),
    alarms: z
      .array(
        z
          .string()
          .max(512)
          .regex(
            /^arn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:\d{12}:alarm:.+$/,
            'Expected the ARN of a CloudWatch alarm',
          ),
      )
      .max(5)
      .default([])
      .describe('Alarms of CloudWatch: while one rings, a change that is being deployed is taken back'),
  })
  .meta({ id: 'FlagEnvironmentSettings' });
export type EnvironmentSettings = z.infer<typeof EnvironmentSettings>;

const Time = z.iso.datetime();

/** How far a document of flags has come. */
export const PublicationView = z
  .strictObject({
    revision: z.int().describe('Of the newest document'),
    deployed: z.int().nullable().describe('The revision that all readers have'),
    deploying: z
      .strictObject({ revision: z.int(), percentage: z.number(), since: Time })
      .nullable()
      .describe('The revision that readers are getting'),
    queued: z.boolean().describe('A newer revision waits for the one that is being deployed'),
    rolledBack: z
      .strictObject({ revision: z.int(), why: z.string(), at: Time })
      .nullable()
      .describe(
        'The newest revision was taken back; it is tried again when something changes, or by redeploy',
      ),
  })
  .meta({ id: 'FlagPublication' });
export type PublicationView = z.infer<typeof PublicationView>;

export const EnvironmentView = EnvironmentSettings.extend({
  name: z.string(),
  flags: z.int().describe('How many there are'),
  killed: z.array(z.string()).describe('Flags that are switched off by a kill switch'),
  ...PublicationView.shape,
  killSwitches: PublicationView,
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: 'FlagEnvironment' });
export type EnvironmentView = z.infer<typeof EnvironmentView>;

export const EnvironmentSummary = z
  .strictObject({ name: z.string(), description: z.string(), createdAt: Time })
  .meta({ id: 'FlagEnvironmentSummary' });
export const EnvironmentPage = pageOf(EnvironmentSummary).meta({ id: 'FlagEnvironmentPage' });
