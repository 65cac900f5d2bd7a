import { z } from 'zod';
import { Bump, Change } from '#compatibility/changes.ts';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { Version, VersionRange } from '#compatibility/ranges.ts';
import { pageOf, pageQuery } from '#platform/page.ts';

/** What the paths of the API mean themselves. */
const reserved = new Set(['audit', 'cloud-map', 'health', 'matrix']);

export const Name = ServiceName.refine((name) => !reserved.has(name), {
  error: ({ input }) => `${String(input)} is a path of the API itself: expected another name`,
});

export const Labels = z
  .record(
    z.string().regex(/^[a-z][a-z0-9._/-]{0,62}$/, 'Expected a label such as tier or team/name'),
    z.string().min(1).max(100),
  )
  .refine((labels) => Object.keys(labels).length <= 20, 'Expected at most 20 labels');
export type Labels = z.infer<typeof Labels>;

export const Url = z
  .string()
  .max(1_024)
  .refine(
    (text) => URL.canParse(text) && new URL(text).search === '' && new URL(text).hash === '',
    'Expected a URL without query and fragment, such as https://10.0.3.7:8080',
  )
  .describe('Where requests go: their paths are appended to it');
export const Zone = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'Expected a zone such as eu-west-1a');
export const Weight = z.int().min(0).max(1_000).describe('Share of requests beside the others; 0 takes none');

export const Endpoint = z.strictObject({
  url: Url,
  zone: Zone.nullable().default(null),
  weight: Weight.default(100),
  labels: Labels.default({}),
});
export type Endpoint = z.infer<typeof Endpoint>;

export const HealthCheck = z
  .strictObject({
    path: z
      .string()
      .max(500)
      .regex(/^\/[\x21-\x7e]*$/, 'Expected a path such as /health'),
    expectedStatus: z.int().min(200).max(599).default(200),
    timeoutMs: z.int().min(100).max(10_000).default(2_000),
    intervalSeconds: z.int().min(60).max(3_600).default(60),
    healthyAfter: z.int().min(1).max(10).default(2).describe('Good probes in a row that end a failure'),
    unhealthyAfter: z.int().min(1).max(10).default(3).describe('Bad probes in a row that are a failure'),
  })
  .meta({ id: 'HealthCheck' });
export type HealthCheck = z.infer<typeof HealthCheck>;

const Scaling = z
  .strictObject({
    minimum: z.int().min(0).max(10_000),
    maximum: z.int().min(1).max(10_000),
    targetUtilization: z.number().min(0.05).max(1).optional(),
  })
  .refine(({ minimum, maximum }) => minimum <= maximum, {
    error: 'Expected minimum to be at most maximum',
    path: ['minimum'],
  });

/** What a version is to be run with; kept for whoever runs it. */
export const Configuration = z
  .strictObject({
    scaling: Scaling.optional(),
    resources: z
      .strictObject({
        cpu: z.number().positive().max(1_024).optional().describe('Virtual CPUs'),
        memoryMb: z.int().min(16).max(1_048_576).optional(),
      })
      .optional(),
    flags: z
      .record(z.string().min(1).max(100), z.union([z.boolean(), z.number(), z.string().max(500)]))
      .refine((flags) => Object.keys(flags).length <= 100, 'Expected at most 100 flags')
      .optional(),
  })
  .meta({ id: 'ServiceConfiguration' });

export const Dependencies = z
  .record(ServiceName, VersionRange)
  .refine((all) => Object.keys(all).length <= 100, 'Expected at most 100 dependencies');

export const Accept = z
  .array(z.string().min(1).max(200))
  .max(100)
  .describe(
    'What is broken on purpose: ids of rules such as endpoint-removed, dependants such as shop or shop@1.2.0',
  );

/** What is said of a version besides its contract. */
export const VersionContent = z.strictObject({
  version: Version,
  endpoints: z
    .array(Endpoint)
    .max(50)
    .refine((all) => new Set(all.map(({ url }) => url)).size === all.length, 'Expected each URL once')
    .default([]),
  healthCheck: HealthCheck.nullable().default(null),
  dependencies: Dependencies.default({}).describe('Ranges of the services it calls, as npm reads them'),
  workflows: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, 'Expected the name of a state machine'))
    .max(50)
    .default([]),
  configuration: Configuration.default({}),
  labels: Labels.default({}),
});

const Time = z.iso.datetime();

export const Accepted = z.strictObject({ what: z.array(z.string()), reason: z.string(), by: z.string() });

export const ServiceVersion = VersionContent.extend({
  service: Name,
  contract: z.json().nullable().describe('A ServiceContract'),
  accepted: Accepted.nullable().describe('What it breaks on purpose, why, and who said so'),
  createdAt: Time,
  createdBy: z.string(),
}).meta({ id: 'ServiceVersion' });
export type ServiceVersion = z.infer<typeof ServiceVersion>;

export const VersionSummary = z
  .strictObject({
    service: Name,
    version: Version,
    endpoints: z.int().describe('Static ones'),
    contract: z
      .strictObject({ endpoints: z.int(), events: z.int() })
      .nullable()
      .describe('How much it promises; null: it has no contract'),
    dependencies: Dependencies,
    labels: Labels,
    createdAt: Time,
    createdBy: z.string(),
  })
  .meta({ id: 'ServiceVersionSummary' });
export type VersionSummary = z.infer<typeof VersionSummary>;
export const VersionPage = pageOf(VersionSummary).meta({ id: 'ServiceVersionPage' });
export const VersionQuery = pageQuery.extend({
  range: VersionRange.optional().describe('Only versions in this range, as npm reads it'),
});

export const Service = z
  .strictObject({
    name: Name,
    versions: z.int().describe('How many are registered'),
    latest: Version.nullable().describe('The highest; of prereleases only when there is nothing else'),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: 'Service' });
export type Service = z.infer<typeof Service>;
export const ServicePage = pageOf(Service).meta({ id: 'ServicePage' });

/** Somebody who relies on a service: a registered version of another one, or a consumer (version null). */
export const Dependant = z
  .strictObject({
    service: z.string(),
    version: z.string().nullable().describe('Null: it is known by its consumer contract only'),
    range: z.string(),
  })
  .meta({ id: 'Dependant' });
export type Dependant = z.infer<typeof Dependant>;

export const BrokenDependant = Dependant.extend({
  why: z.enum(['contract', 'range']).describe('range: the version lies outside of what it can go on with'),
  builtAgainst: z.string().nullable().describe('The version that its expectations were taken from'),
  changes: z.array(Change).describe('At most 20'),
}).meta({ id: 'BrokenDependant' });
export type BrokenDependant = z.infer<typeof BrokenDependant>;

export const Compatibility = z
  .strictObject({
    service: z.string(),
    from: Version.nullable().describe('What it was compared with; null: there is nothing before it'),
    to: Version,
    compatible: z.boolean(),
    bump: Bump,
    number: z
      .strictObject({ enough: z.boolean(), demanded: Version, message: z.string() })
      .nullable()
      .describe('Whether the number of the version says as much as the changes demand'),
    changes: z.array(Change).describe('At most 50, the worst first'),
    more: z.int().describe('Further changes that are not listed'),
    broken: z.array(BrokenDependant).describe('At most 50'),
  })
  .meta({ id: 'ServiceCompatibility' });
export type Compatibility = z.infer<typeof Compatibility>;

export const DescribeVersionInput = z.strictObject({ service: ServiceName, version: Version });
export const DescribeVersionOutput = z.strictObject({
  service: z.string(),
  version: Version,
  endpoints: z.array(z.strictObject({ url: z.string(), zone: z.string().nullable() })),
  healthCheck: HealthCheck.nullable(),
  contract: z.json().nullable(),
  dependencies: Dependencies,
  configuration: Configuration,
  labels: Labels,
  registeredAt: z.string(),
});

export type DescribeVersionOutput = z.input<typeof DescribeVersionOutput>;

export const DescribeServiceInput = z.strictObject({ service: ServiceName });
export const DescribeServiceOutput = z.strictObject({
  service: z.string(),
  registered: z.boolean().describe('Whether any version of it is'),
  instances: z
    .array(z.strictObject({ version: Version, url: z.string(), healthCheck: HealthCheck.nullable() }))
    .describe('Those that requests may go to, of all versions; at most 200'),
});
export type DescribeServiceOutput = z.input<typeof DescribeServiceOutput>;

export const CompareVersionsInput = z.strictObject({
  service: ServiceName,
  from: Version.nullable(),
  to: Version,
});
export const CompareVersionsOutput = z.strictObject({
  compatible: z.boolean(),
  bump: Bump,
  changes: z.array(Change),
  broken: z.array(z.strictObject({ service: z.string(), version: z.string(), range: z.string() })),
});
