import { z } from 'zod';
import { pageOf } from '#platform/page.ts';
import { consistent, FlagFields, FlagKey, FlagKind } from './authoring/flag.ts';
import { DriftSummary } from './drift/schemas.ts';

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
    remediate: z
      .boolean()
      .default(false)
      .describe('What somebody deployed by hand at AppConfig is deployed over without asking'),
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
  drift: z.array(DriftSummary).describe('Documents that are not in force at AppConfig as they were deployed'),
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: 'FlagEnvironment' });
export type EnvironmentView = z.infer<typeof EnvironmentView>;

export const EnvironmentSummary = z
  .strictObject({ name: z.string(), description: z.string(), createdAt: Time })
  .meta({ id: 'FlagEnvironmentSummary' });
export const EnvironmentPage = pageOf(EnvironmentSummary).meta({ id: 'FlagEnvironmentPage' });

/** Why something is changed: kept in the history. */
export const Why = z.string().max(1_000).default('').describe('Why, for the history');

/** A flag as it is sent: all of it, with the version that the writer saw. */
export const FlagChange = consistent(
  FlagFields.extend({
    version: z
      .int()
      .min(0)
      .optional()
      .describe(
        'The version that the change was made of; 0: there is none yet. Refused when it is another by now',
      ),
    why: Why,
  }).meta({ id: 'FlagChange' }),
);
export type FlagChange = z.infer<typeof FlagChange>;

const KillView = z.strictObject({ why: z.string(), by: z.string(), at: z.string() });

export const FlagView = FlagFields.extend({
  key: z.string(),
  version: z.int(),
  killed: KillView.nullable().describe('Why a kill switch holds it off'),
  createdAt: Time,
  createdBy: z.string(),
  updatedAt: Time,
  updatedBy: z.string(),
  why: z.string(),
}).meta({ id: 'FlagView' });
export type FlagView = z.infer<typeof FlagView>;

export const FlagSummary = z
  .strictObject({
    key: z.string(),
    kind: FlagKind,
    form: z.string(),
    enabled: z.boolean(),
    killed: z.boolean(),
    owner: z.string(),
    tags: z.array(z.string()),
    version: z.int(),
    updatedAt: Time,
    expires: z.string().nullable(),
  })
  .meta({ id: 'FlagSummary' });
export type FlagSummary = z.infer<typeof FlagSummary>;
export const FlagPage = pageOf(FlagSummary).meta({ id: 'FlagPage' });

export const FlagVersionView = z
  .strictObject({
    version: z.int(),
    action: z.string(),
    at: Time,
    by: z.string(),
    why: z.string(),
    flag: FlagFields.nullable().describe('As it was; null: deleted'),
  })
  .meta({ id: 'FlagVersion' });
export type FlagVersionView = z.infer<typeof FlagVersionView>;
export const FlagHistory = pageOf(FlagVersionView).meta({ id: 'FlagHistory' });

export const FlagDiff = z
  .strictObject({
    from: z.int(),
    to: z.int(),
    differences: z.array(
      z.strictObject({
        pointer: z.string().describe('RFC 6901'),
        before: z.unknown().optional().describe('Absent: it was not there'),
        after: z.unknown().optional().describe('Absent: it is not there any more'),
      }),
    ),
  })
  .meta({ id: 'FlagDiff' });
export type FlagDiff = z.infer<typeof FlagDiff>;

/** A document of flagd that is taken over whole. */
export const DocumentImport = z
  .strictObject({
    document: z.unknown().describe('A document of flagd: flags, $evaluators, metadata'),
    revision: z
      .int()
      .min(0)
      .optional()
      .describe('Of the environment, as the writer saw it. Refused when it is another by now'),
    why: Why,
  })
  .meta({ id: 'FlagDocumentImport' });

export const ImportResult = z
  .strictObject({
    revision: z.int(),
    created: z.array(z.string()),
    changed: z.array(z.string()),
    deleted: z.array(z.string()),
    unchanged: z.int(),
  })
  .meta({ id: 'FlagImportResult' });
export type ImportResult = z.infer<typeof ImportResult>;

export const EvaluateRequest = z
  .strictObject({
    flag: FlagKey,
    context: z.record(z.string(), z.unknown()).default({}).describe('targetingKey and attributes'),
    at: z.iso.datetime({ offset: true }).optional().describe('As if it were then; now, unless it is said'),
  })
  .meta({ id: 'FlagEvaluateRequest' });

export const EvaluateAnswer = z
  .strictObject({
    flag: z.string(),
    value: z.unknown().optional(),
    variant: z.string().optional(),
    reason: z.string().optional(),
    errorCode: z.string().optional(),
    errorMessage: z.string().optional(),
    metadata: z.record(z.string(), z.unknown()),
    revision: z.int().describe('Of the flags that it was evaluated with: the newest, deployed or not'),
  })
  .meta({ id: 'FlagEvaluation' });
export type EvaluateAnswer = z.infer<typeof EvaluateAnswer>;
