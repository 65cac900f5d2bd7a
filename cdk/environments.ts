import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';
import { Approvers } from '#migrations/access/approvals.ts';

const account = z.string().regex(/^\d{12}$/, 'expected the 12 digits of an AWS account id');

const settings = z.strictObject({
  /** Where it is deployed; without them, wherever the caller's credentials are. */
  account: account.optional(),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a Region such as eu-central-1')
    .optional(),
  /** Which migrations wait for a second person. */
  approval: z.enum(['never', 'high', 'always']),
  /** How many people must approve a migration that waits for approval, by its risk. */
  approvers: Approvers,
  /** Whether the author of a migration may approve it. */
  authorMayApprove: z.boolean(),
  /** Whether table, bucket and key outlive their stack and refuse deletion. */
  keepData: z.boolean(),
  logRetention: z.enum(RetentionDays),
  /** Days that entries of the audit trail are kept. */
  auditDays: z.int().min(1).max(3_650),
  /** Whether endpoints of services may be in private networks; the metadata service and link-local addresses never are. */
  privateEndpoints: z.boolean(),
  /** Limits of the HTTP API over all callers. */
  requestsPerSecond: z.int().min(1).max(10_000),
  burst: z.int().min(1).max(5_000),
  /** The front door of services that have none of their own. */
  gateway: z.strictObject({
    /** Whether it is deployed: routes can be managed without it. */
    deployed: z.boolean(),
    /** Whether a function of its own turns strangers away before they use the data plane, some ms a request. */
    authorizer: z.boolean(),
    /** Limits over all services and callers. */
    requestsPerSecond: z.int().min(1).max(10_000),
    burst: z.int().min(1).max(5_000),
    /** Invocations kept for it, so that it and the rest of the account cannot starve each other; null: none are. */
    concurrency: z.int().min(1).max(10_000).nullable(),
  }),
  /** Whom e-mail to consumers of APIs comes from: an address that is verified at SES. Without it none is sent. */
  noticeSender: z.email().optional(),
  /** Who hears of alarms; without it, whoever subscribes to the topic. */
  alarmEmail: z.email().optional(),
  /** Where traces and metrics of migrations go as OTLP over HTTP, besides CloudWatch and X-Ray. */
  telemetry: z
    .strictObject({
      /** Without the path of a signal, mostly port 4318. */
      endpoint: z.url({ protocol: /^https?$/ }),
      protocol: z.enum(['http/protobuf', 'http/json']).default('http/protobuf'),
      /** A secret in Secrets Manager that has the headers as its text: `api-key=…,other=…`. */
      headersSecretArn: z
        .string()
        .regex(/^arn:[^:]*:secretsmanager:[^:]*:\d{12}:secret:.+$/, 'expected the ARN of a secret')
        .optional(),
    })
    .optional(),
  /** Further accounts whose connectors may write their progress here. */
  connectorAccounts: z.array(account).max(50),
});

type Settings = z.infer<typeof settings>;

export const stageNames = ['dev', 'staging', 'production'] as const;
export type StageName = (typeof stageNames)[number];

/** One deployment of Theseus and all that differs between it and the others. */
export interface Environment extends Settings {
  name: StageName;
  /** Begins the name of every resource, for example `theseus-dev`. At most 24 characters. */
  prefix: string;
}

const defaults: Record<StageName, Settings> = {
  dev: {
    approval: 'never',
    approvers: { low: 1, medium: 1, high: 1 },
    authorMayApprove: true,
    keepData: false,
    logRetention: RetentionDays.TWO_WEEKS,
    auditDays: 30,
    privateEndpoints: false,
    requestsPerSecond: 20,
    burst: 40,
    gateway: { deployed: true, authorizer: true, requestsPerSecond: 50, burst: 100, concurrency: null },
    connectorAccounts: [],
  },
  staging: {
    approval: 'high',
    approvers: { low: 1, medium: 1, high: 1 },
    authorMayApprove: true,
    keepData: true,
    logRetention: RetentionDays.THREE_MONTHS,
    auditDays: 90,
    privateEndpoints: false,
    requestsPerSecond: 50,
    burst: 100,
    gateway: { deployed: true, authorizer: true, requestsPerSecond: 500, burst: 1_000, concurrency: null },
    connectorAccounts: [],
  },
  production: {
    approval: 'high',
    approvers: { low: 1, medium: 1, high: 2 },
    authorMayApprove: false,
    keepData: true,
    logRetention: RetentionDays.ONE_YEAR,
    auditDays: 400,
    privateEndpoints: false,
    requestsPerSecond: 100,
    burst: 200,
    gateway: { deployed: true, authorizer: true, requestsPerSecond: 1_000, burst: 2_000, concurrency: null },
    connectorAccounts: [],
  },
};

/** Any of the settings, and any of those of the gateway. */
const changed = settings.partial().extend({ gateway: settings.shape.gateway.partial().optional() });

const overrides = z
  .strictObject({
    /** Tells apart two installations in one account. */
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{1,12}$/, 'expected 2 to 13 lower-case letters, digits and hyphens')
      .default('theseus'),
    dev: changed.default({}),
    staging: changed.default({}),
    production: changed.default({}),
  })
  .prefault({});

/** The context value `theseus`: an object in cdk.json, text after `-c theseus=`. */
function readContext(context: unknown): unknown {
  if (typeof context !== 'string') return context;
  try {
    return JSON.parse(context);
  } catch (cause) {
    throw new Error(`The context value 'theseus' is not JSON: ${context}`, { cause });
  }
}

/**
 * The three environments: the defaults above with what the context value `theseus` changes, for example
 * `{"production": {"account": "123456789012", "region": "eu-central-1"}}`. Throws an error that names every
 * field it refuses.
 */
export function environments(context?: unknown): Environment[] {
  const parsed = overrides.safeParse(readContext(context));
  if (!parsed.success) {
    throw new Error(`The context value 'theseus' is invalid:\n${z.prettifyError(parsed.error)}`);
  }
  return stageNames.map((name) => ({
    ...settings.parse({
      ...defaults[name],
      ...parsed.data[name],
      gateway: { ...defaults[name].gateway, ...parsed.data[name].gateway },
    }),
    name,
    prefix: `${parsed.data.name}-${name}`,
  }));
}
