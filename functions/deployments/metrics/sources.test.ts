import { createServer, type Server } from 'node:http';
import type { GetMetricDataCommandInput, GetMetricDataCommandOutput } from '@aws-sdk/client-cloudwatch';
import type { InvokeCommandInput } from '@aws-sdk/client-lambda';
import { ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attach } from '#local/attach.ts';
import { forgetClients, lambda, secretsManager } from '#platform/clients.ts';
import { cloudWatch } from '#platform/target-clients.ts';
import type { Question } from './question.ts';
import { MetricSource } from './schemas.ts';
import { readSamples } from './source.ts';

const question: Question = {
  service: 'orders',
  baseline: { version: '1.0.0', target: '7' },
  canary: { version: '1.1.0+a/b', target: '8' },
  from: '2026-01-01T00:05:00.000Z',
  to: '2026-01-01T00:07:00.000Z',
};
const read = (source: object, more: Partial<Question> = {}) =>
  readSamples([MetricSource.parse(source)], { ...question, ...more });
const minute = (number: number) => new Date(`2026-01-01T00:0${number}:00.000Z`);

const variables = ['THESEUS_ENVIRONMENT', 'GATEWAY_READ_TRAFFIC_FUNCTION', 'METRIC_SECRETS', 'AWS_REGION'];
const former = new Map(variables.map((name) => [name, process.env[name]]));
beforeEach(() => {
  process.env.THESEUS_ENVIRONMENT = 'local';
  process.env.GATEWAY_READ_TRAFFIC_FUNCTION =
    'arn:aws:lambda:eu-central-1:000000000000:function:read-traffic';
  process.env.METRIC_SECRETS = 'theseus/metrics/';
  process.env.AWS_REGION = 'eu-central-1';
  forgetClients();
});
afterEach(() => {
  for (const [name, value] of former) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  forgetClients();
});

describe('the gateway', () => {
  let windows: object[] = [];
  const asked: unknown[] = [];
  beforeEach(() => {
    windows = [];
    asked.length = 0;
    attach(lambda(), 'Lambda', {
      Invoke: async ({ Payload }: InvokeCommandInput) => {
        asked.push(JSON.parse(Buffer.from(Payload as Uint8Array).toString()));
        return { StatusCode: 200, Payload: Buffer.from(JSON.stringify({ windows })) };
      },
    });
  });
  const window = (second: number, version: string, requests: number) => ({
    from: new Date(Date.parse('2026-01-01T00:05:00.000Z') + second * 1_000).toISOString(),
    to: new Date(Date.parse('2026-01-01T00:05:10.000Z') + second * 1_000).toISOString(),
    version,
    requests,
    errors: 1,
    latency: { '40': requests },
  });

  it('gives a sample for each window, both versions together', async () => {
    windows = [
      window(20, '1.0.0', 90),
      window(10, '1.0.0', 80),
      window(10, '1.1.0+a/b', 8),
      window(10, '9.9.9', 5),
    ];
    expect(await read({ kind: 'gateway' })).toEqual([
      {
        from: '2026-01-01T00:05:10.000Z',
        to: '2026-01-01T00:05:20.000Z',
        baseline: { requests: 80, errors: 1, latency: { '40': 80 } },
        canary: { requests: 8, errors: 1, latency: { '40': 8 } },
      },
      expect.objectContaining({ canary: { requests: 0, errors: 0, latency: {} } }),
    ]);
    expect(asked).toEqual([expect.objectContaining({ service: 'orders', versions: ['1.1.0+a/b', '1.0.0'] })]);
  });

  it('tells every window in one stretch of time, once it is over and written', async () => {
    windows = Array.from({ length: 15 }, (_, at) => window(at * 10 - 20, '1.1.0+a/b', at + 1));
    const cuts = ['05:00.000', '05:04.000', '05:17.500', '05:30.000', '06:15.000', '07:05.000'];
    const moments = cuts.map((cut) => `2026-01-01T00:${cut}Z`);
    const told = [];
    for (const [at, to] of moments.slice(1).entries())
      told.push(await read({ kind: 'gateway' }, { from: moments[at] ?? '', to }));
    const within = Array.from({ length: 13 }, (_, at) => at + 2);
    expect(told.flat().map(({ canary }) => canary.requests)).toEqual(within);
  });

  it('is asked for hours at once, and for a day at most', async () => {
    await read({ kind: 'gateway' }, { from: '2025-12-20T00:00:00.000Z' });
    expect(asked).toHaveLength(4);
    expect(asked[0]).toMatchObject({ from: '2025-12-31T00:06:55.000Z', to: '2025-12-31T06:06:55.000Z' });
    expect(asked[3]).toMatchObject({ from: '2025-12-31T18:06:55.000Z', to: '2026-01-01T00:06:55.000Z' });
  });

  it('that fails, or answers nonsense, is a sample without data', async () => {
    windows = [{ ...window(10, '1.0.0', 1), errors: 5 }];
    expect(await read({ kind: 'gateway' })).toEqual([
      expect.objectContaining({
        from: question.from,
        to: question.to,
        problem: expect.stringContaining('gateway: '),
      }),
    ]);
    attach(lambda(), 'Lambda', {
      Invoke: async () => ({
        FunctionError: 'Unhandled',
        Payload: Buffer.from(JSON.stringify({ errorType: 'NotFound', errorMessage: 'No route of orders' })),
      }),
    });
    expect(await read({ kind: 'gateway' })).toMatchObject([{ problem: 'gateway: No route of orders' }]);
  });
});

describe('CloudWatch', () => {
  const dimensions = { FunctionName: 'orders', ExecutedVersion: '{target}' };
  const metric = (name: string, statistic = 'Sum') => ({
    namespace: 'AWS/Lambda',
    metric: name,
    dimensions,
    statistic,
  });
  const source = {
    kind: 'cloudwatch',
    requests: metric('Invocations'),
    errors: metric('Errors'),
    numbers: [
      { name: 'duration', query: metric('Duration', 'p95') },
      { name: 'queue', query: { ...metric('Depth', 'Maximum'), dimensions: {} } },
    ],
  };
  const sent: GetMetricDataCommandInput[] = [];
  let answers: Partial<GetMetricDataCommandOutput>[] = [];
  beforeEach(() => {
    sent.length = 0;
    attach(cloudWatch(), 'CloudWatch', {
      GetMetricData: async (input: GetMetricDataCommandInput) => {
        sent.push(input);
        return answers[sent.length - 1] ?? {};
      },
    });
  });
  const result = (
    Id: string,
    values: [minute: number, value: number][],
    StatusCode = 'Complete' as const,
  ) => ({
    Id,
    StatusCode,
    Timestamps: values.map(([at]) => minute(at)),
    Values: values.map(([, value]) => value),
  });

  it('is asked for each version and period apart, late enough, page by page', async () => {
    answers = [
      {
        NextToken: 'more',
        MetricDataResults: [
          { ...result('canary_requests', [[3, 12]]), StatusCode: 'PartialData' },
          result('canary_errors', [
            [3, 2],
            [4, 0],
          ]),
          result('canary_number_0', [[4, 80.5]]),
          result('canary_number_1', [[4, 3]]),
        ],
      },
      {
        MetricDataResults: [
          result('canary_requests', [[4, 10]]),
          result('baseline_requests', [[4, 100]]),
          result('baseline_errors', [[4, 1]]),
          result('baseline_number_0', [[4, 75]]),
        ],
      },
    ];
    expect(await read(source)).toEqual([
      {
        from: minute(3).toISOString(),
        to: minute(4).toISOString(),
        baseline: { requests: 0, errors: 0, latency: {} },
        canary: { requests: 12, errors: 2, latency: {} },
        numbers: { duration: { baseline: null, canary: null }, queue: { baseline: null, canary: null } },
      },
      {
        from: minute(4).toISOString(),
        to: minute(5).toISOString(),
        baseline: { requests: 100, errors: 1, latency: {} },
        canary: { requests: 10, errors: 0, latency: {} },
        numbers: { duration: { baseline: 75, canary: 80.5 }, queue: { baseline: null, canary: 3 } },
      },
    ]);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({ NextToken: 'more', StartTime: minute(3), EndTime: minute(5) });
    expect(sent[0]?.MetricDataQueries?.map(({ Id }) => Id)).toEqual([
      'baseline_requests',
      'baseline_errors',
      'baseline_number_0',
      'canary_requests',
      'canary_errors',
      'canary_number_0',
      'canary_number_1',
    ]);
    expect(sent[0]?.MetricDataQueries?.[5]).toEqual({
      Id: 'canary_number_0',
      ReturnData: true,
      MetricStat: {
        Metric: {
          Namespace: 'AWS/Lambda',
          MetricName: 'Duration',
          Dimensions: [
            { Name: 'FunctionName', Value: 'orders' },
            { Name: 'ExecutedVersion', Value: '8' },
          ],
        },
        Stat: 'p95',
        Period: 60,
      },
    });
  });

  it('is not asked before a period is old enough, and each period once', async () => {
    answers = [{ MetricDataResults: [] }, { MetricDataResults: [] }];
    expect(await read(source, { to: '2026-01-01T00:05:59.999Z' })).toEqual([]);
    expect(sent).toEqual([]);
    expect(await read(source, { from: '2026-01-01T00:05:59.999Z' })).toHaveLength(2);
  });

  it('without a number of errors knows nothing of the requests, unless that means none', async () => {
    answers = [{ MetricDataResults: [result('canary_requests', [[3, 12]])] }];
    const [sample] = await read(source);
    expect(sample).toMatchObject({
      canary: { requests: 0 },
      problem: 'cloudwatch: no number of errors of the canary beside 12 requests',
    });
    sent.length = 0;
    const [zero] = await read({ ...source, errorsWhenMissing: 'zero' });
    expect(zero).toMatchObject({ canary: { requests: 12, errors: 0 } });
    expect(zero?.problem).toBeUndefined();
  });

  it('that refuses, or does not finish, is a sample without data', async () => {
    answers = [
      {
        MetricDataResults: [
          {
            Id: 'canary_requests',
            StatusCode: 'Forbidden',
            Messages: [{ Code: 'x', Value: 'not yours' }],
          },
        ],
      },
    ];
    expect(await read(source)).toMatchObject([
      { canary: { requests: 0 }, problem: expect.stringContaining('canary requests: Forbidden, not yours') },
    ]);
    sent.length = 0;
    answers = Array(9).fill({ NextToken: 'more' });
    expect(await read(source)).toMatchObject([{ problem: expect.stringContaining('more than 5 pages') }]);
    attach(cloudWatch(), 'CloudWatch', {});
    expect(await read(source)).toMatchObject([{ problem: expect.stringContaining('not available') }]);
  });
});

describe('an HTTP query', () => {
  let server: Server;
  let base = '';
  let asked: { url: string; authorization: string | undefined }[] = [];
  const answers: Record<string, [status: number, body: string]> = {};
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
      const [status, body] = answers[new URL(request.url ?? '', 'http://local').pathname] ?? [404, ''];
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = [];
    const secrets: Record<string, string> = {
      'theseus/metrics/prometheus': JSON.stringify({ origin: base, value: 'Bearer abc' }),
      'theseus/metrics/elsewhere': JSON.stringify({ origin: 'https://example.com', value: 'Bearer def' }),
      'theseus/metrics/broken': 'abc',
    };
    attach(secretsManager(), 'SecretsManager', {
      GetSecretValue: async ({ SecretId }: { SecretId: string }) => {
        const SecretString = secrets[SecretId];
        if (SecretString === undefined)
          throw new ResourceNotFoundException({ $metadata: {}, message: 'not there' });
        return { SecretString };
      },
    });
  });
  const source = (path: string, more: object = {}) => ({
    kind: 'http-query',
    name: 'saturation',
    url: `${base}${path}`,
    ...more,
  });
  const prometheus = { pointer: '/data/result/0/value/1' };

  it('brings the number of each version', async () => {
    answers['/query'] = [200, '{"data":{"result":[{"value":[1767225900,"0.25"]}]}}'];
    const path = '/query?query=load("{version}")&time={toSeconds}&from={from}';
    expect(await read(source(path, prometheus))).toEqual([
      expect.objectContaining({ numbers: { saturation: { baseline: 0.25, canary: 0.25 } } }),
    ]);
    expect(asked.map(({ url }) => new URL(url, base).searchParams.get('time'))).toEqual([
      '1767226020',
      '1767226020',
    ]);
    expect(asked.map(({ url }) => url).join(' ')).toContain('1.1.0%2Ba%2Fb');
    expect(asked[0]?.url).toContain('from=2026-01-01T00%3A05%3A00.000Z');
  });

  it('that cannot tell versions apart speaks of the canary', async () => {
    answers['/depth'] = [200, '17'];
    expect(await read(source('/depth'))).toMatchObject([
      { numbers: { saturation: { baseline: null, canary: 17 } } },
    ]);
    expect(asked).toHaveLength(1);
  });

  it('carries a secret to the origin that the secret names, and to no other', async () => {
    answers['/q'] = [200, '1'];
    const secretly = (secret: string) => source('/q', { headers: { Authorization: { secret } } });
    expect(await read(secretly('prometheus'))).toMatchObject([{ numbers: { saturation: { canary: 1 } } }]);
    expect(asked).toEqual([{ url: '/q', authorization: 'Bearer abc' }]);
    for (const [name, why] of [
      ['elsewhere', 'is for another origin'],
      ['missing', 'is not there'],
      ['broken', 'is no JSON'],
    ] as const) {
      const [sample] = await read(secretly(name));
      expect(sample?.problem).toContain(why);
      expect(JSON.stringify(sample)).not.toContain('def');
    }
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['/missing', [404, ''], 'answered 404'],
    ['/text', [200, 'fine'], 'no JSON'],
    ['/word', [200, '{"data":{"result":[{"value":[0,"NaN"]}]}}'], 'no number at'],
    ['/vast', [200, '{"data":{"result":[{"value":[0,"1e999"]}]}}'], 'no number at'],
    ['/deep', [200, '{"data":null}'], 'no number at'],
    ['/large', [200, `[${'1,'.repeat(40_000)}1]`], 'more than 65536 bytes'],
  ] as const)('of %s is a sample without data', async (path, answer, why) => {
    answers[path] = [...answer];
    expect(await read(source(path, prometheus))).toMatchObject([
      { from: question.from, canary: { requests: 0 }, problem: expect.stringContaining(why) },
    ]);
  });

  it('is not sent into private networks', async () => {
    process.env.THESEUS_ENVIRONMENT = 'production';
    for (const url of ['https://169.254.169.254/latest', 'https://10.0.0.1/q', `${base}/q`]) {
      expect(await read({ ...source('/q'), url })).toMatchObject([
        { problem: expect.stringMatching(/^http-query: .* is refused/) },
      ]);
    }
    expect(asked).toEqual([]);
  });
});

describe('sources', () => {
  it('fail apart, and their samples come in order', async () => {
    attach(lambda(), 'Lambda', {});
    attach(cloudWatch(), 'CloudWatch', { GetMetricData: async () => ({ MetricDataResults: [] }) });
    const cloudwatch = {
      kind: 'cloudwatch',
      numbers: [{ name: 'depth', query: { namespace: 'a', metric: 'b', statistic: 'Average' } }],
    };
    const sources = [{ kind: 'gateway' }, cloudwatch].map((one) => MetricSource.parse(one));
    expect(await readSamples(sources, question)).toMatchObject([
      { to: '2026-01-01T00:04:00.000Z' },
      { to: '2026-01-01T00:05:00.000Z' },
      { to: question.to, problem: expect.stringContaining('gateway') },
    ]);
  });

  const cloudwatch = { kind: 'cloudwatch' };
  const plain = { namespace: 'a', metric: 'b', statistic: 'Sum' };
  const apart = { ...plain, dimensions: { V: '{version}' } };
  const http = { kind: 'http-query', name: 'a', url: 'https://example.com/{version}' };
  it.each([
    [cloudwatch, 'expected requests, or numbers'],
    [{ ...cloudwatch, requests: apart }, 'expected requests and errors'],
    [{ ...cloudwatch, requests: plain, errors: plain }, 'expected {version} or {target}'],
    [{ ...cloudwatch, requests: apart, errors: { ...apart, statistic: 'sum' } }, 'expected a statistic'],
    [{ ...cloudwatch, numbers: [{ name: 'a', query: plain }], periodSeconds: 45 }, 'expected 10, 30'],
    [{ ...http, url: 'https://{version}.example.com/' }, 'placeholders only after its host'],
    [{ ...http, url: 'https://me:secret@example.com/' }, 'expected a URL without user name'],
    [{ ...http, url: 'ftp://example.com/' }, 'expected a URL'],
    [{ ...http, url: 'https://example.com/{tenant}' }, 'expected no other placeholders'],
    [{ ...http, pointer: 'data' }, 'RFC 6901'],
    [{ ...http, headers: { Authorization: 'Bearer abc' } }, 'expected a secret'],
    [{ ...http, headers: { 'X-Api-Key': 'abc' } }, 'expected a secret'],
    [{ ...http, headers: { 'X-Org': 'a\r\nb' } }, 'printable ASCII'],
    [{ ...http, headers: { Host: 'other' } }, 'expected none of Host'],
    [{ kind: 'datadog' }, 'Invalid discriminator'],
  ])('are refused: %j', (source, why) => {
    const issues = MetricSource.safeParse(source).error?.issues ?? [];
    expect(JSON.stringify(issues)).toContain(JSON.stringify(why).slice(1, -1));
  });
});
