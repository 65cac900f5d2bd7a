import { z } from 'zod';
import { MetricName } from '#judge/criteria.ts';

// Where the judge's figures come from, as a person names it. {version} is a version of the service, {target} what the
// target calls it (a version of a function, a target group). What has neither speaks of the service as a whole.

const placeholders = /\{(version|target)\}/;
/** Whether it can be asked of baseline and canary apart. */
export const tellsVersions = (template: string): boolean => placeholders.test(template);

export const GatewaySource = z
  .strictObject({ kind: z.literal('gateway') })
  .describe('Requests, errors and latencies of both versions behind the gateway');

const CloudWatchQuery = z
  .strictObject({
    namespace: z.string().min(1).max(255),
    metric: z.string().min(1).max(255),
    dimensions: z
      .record(z.string().min(1).max(255), z.string().min(1).max(1_024))
      .refine((value) => Object.keys(value).length <= 30, 'expected at most 30')
      .default({})
      .describe('Values may have {version} and {target}'),
    statistic: z
      .string()
      .regex(
        /^(Sum|Average|Minimum|Maximum|SampleCount|(p|tm|tc|ts|wm)\d{1,2}(\.\d{1,10})?|p100|IQM)$/,
        'expected a statistic of CloudWatch such as Sum, Average or p95',
      ),
  })
  .meta({ id: 'CloudWatchQuery' });
export type CloudWatchQuery = z.infer<typeof CloudWatchQuery>;

const countOf = CloudWatchQuery.refine(
  ({ dimensions }) => Object.values(dimensions).some(tellsVersions),
  'expected {version} or {target} in a dimension: both versions are counted apart',
);

export const CloudWatchSource = z
  .strictObject({
    kind: z.literal('cloudwatch'),
    requests: countOf.optional(),
    errors: countOf.optional(),
    errorsWhenMissing: z
      .enum(['unknown', 'zero'])
      .default('unknown')
      .describe(
        'A period with requests and no number of errors; zero for load balancers, which count only failures',
      ),
    numbers: z
      .array(z.strictObject({ name: MetricName, query: CloudWatchQuery }))
      .max(10)
      .default([]),
    periodSeconds: z
      .int()
      .min(10)
      .max(3_600)
      .refine(
        (value) => value === 10 || value === 30 || value % 60 === 0,
        'expected 10, 30 or a multiple of 60',
      )
      .default(60),
    delaySeconds: z
      .int()
      .min(0)
      .max(900)
      .default(120)
      .describe('How long after its end a period is read: CloudWatch has it late'),
  })
  .refine(
    ({ requests, errors }) => (errors === undefined) === (requests === undefined),
    'expected requests and errors, or neither: of requests alone nobody knows how they went',
  )
  .refine(
    ({ requests, numbers }) => requests !== undefined || numbers.length > 0,
    'expected requests, or numbers',
  );
export type CloudWatchSource = z.infer<typeof CloudWatchSource>;

/** Headers that open doors come from a secret. */
const opensDoors = /^(authorization|proxy-authorization|cookie|x-amz-.*|.*(key|token|secret|password).*)$/i;
const HeaderName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'expected the name of a header');

export const HttpQuerySource = z.strictObject({
  kind: z.literal('http-query'),
  name: MetricName.describe('Of the metric that the criteria name'),
  url: z
    .string()
    .min(1)
    .max(2_048)
    .refine(
      (url) => /^https?:\/\/[^{}/?#@]+([/?#]|$)/.test(url) && URL.canParse(url),
      'expected a URL without user name, and placeholders only after its host',
    )
    .refine(
      (url) =>
        [...url.matchAll(/\{([^{}]*)\}/g)].every(([, name]) =>
          /^(version|target|from|to|fromSeconds|toSeconds)$/.test(name ?? ''),
        ),
      'expected no other placeholders than {version}, {target}, {from}, {to}, {fromSeconds} and {toSeconds}',
    )
    .describe('{from} and {to} are ISO 8601, {fromSeconds} and {toSeconds} seconds since 1970'),
  pointer: z
    .string()
    .max(500)
    .regex(/^(\/([^~/]|~[01])*)*$/, 'expected an RFC 6901 pointer such as /data/result/0/value/1')
    .default('')
    .describe('Where in the JSON of the answer the number is'),
  headers: z
    .record(
      HeaderName,
      z.union([
        z
          .string()
          .max(1_000)
          .regex(/^[\t\x20-\x7e]*$/, 'expected printable ASCII'),
        z.strictObject({
          secret: z
            .string()
            .regex(/^[A-Za-z0-9][\w-]{0,62}$/, 'expected a name below the prefix of metric secrets')
            .describe('JSON with origin, to which alone it is sent, and value'),
        }),
      ]),
    )
    .refine(
      (headers) =>
        Object.entries(headers).every(([name, value]) => typeof value !== 'string' || !opensDoors.test(name)),
      'expected a secret for a header that authenticates: { "secret": "name" }',
    )
    .refine(
      (headers) =>
        !Object.keys(headers).some((name) =>
          /^(host|content-length|transfer-encoding|connection)$/i.test(name),
        ),
      'expected none of Host, Content-Length, Transfer-Encoding and Connection',
    )
    .default({}),
});
export type HttpQuerySource = z.infer<typeof HttpQuerySource>;

/** Each kind gives samples of its own; the judge takes them together. */
export const MetricSource = z
  .discriminatedUnion('kind', [GatewaySource, CloudWatchSource, HttpQuerySource])
  .meta({ id: 'MetricSource' });
export type MetricSource = z.infer<typeof MetricSource>;
