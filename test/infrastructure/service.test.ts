import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { handler as apisApi } from '#apis/api.ts';
import { apiFunctions } from '#apis/functions.ts';
import { handler as configurationApi } from '#configuration/api.ts';
import { configurationFunctions } from '#configuration/functions.ts';
import { handler as deploymentsApi } from '#deployments/api.ts';
import { deploymentFunctions } from '#deployments/functions.ts';
import { handler as flagsApi } from '#flags/api.ts';
import { flagFunctions } from '#flags/functions.ts';
import { handler as gatewayApi } from '#gateway/api.ts';
import { handler as api } from '#migrations/api.ts';
import { connectorFunctions } from '#migrations/functions.ts';
import { handler as servicesApi } from '#services/api.ts';
import { resourcesOf, stackOf, synthesise } from './synthesised.ts';

const templates = synthesise(['production'], { production: { alarmEmail: 'team@example.com' } });
const service = stackOf(templates, 'production/service');
const connector = stackOf(templates, 'production/connector');
const services = stackOf(templates, 'production/services');
const text = JSON.stringify(service);

const environment = z.object({ Variables: z.record(z.string(), z.unknown()) });

/** What CloudFormation makes of a value, every name and number as long as it gets. */
function atItsLongest(value: unknown): string {
  if (typeof value === 'string') return value;
  const found = JSON.stringify(value);
  const { Ref: reference, 'Fn::Join': join, 'Fn::Select': select } = z.looseObject({}).parse(value);
  if (Array.isArray(join)) return join[1].map(atItsLongest).join(join[0]);
  if (reference === 'AWS::Region') return 'ap-northeast-1';
  if (reference === 'AWS::AccountId') return '123456789012';
  if (reference === 'AWS::Partition') return 'aws-us-gov';
  // The external id: the unique part of a stack's id.
  if (select !== undefined) return '00000000-0000-0000-0000-000000000000';
  if (/"OutputName":"[^"]*CurrentVersion[^"]*Version\w{8}"/.test(found)) return '12345';
  return `arn:aws:${'x'.repeat(120)}`;
}

describe('functions', () => {
  it('run on arm64 and Node 24, traced, with a log group that expires', () => {
    for (const template of [service, connector, services]) {
      const functions = resourcesOf(template, 'AWS::Lambda::Function');
      expect(functions.length).toBeGreaterThan(2);
      for (const [, { Properties }] of functions) {
        expect(Properties).toMatchObject({
          Architectures: ['arm64'],
          Runtime: 'nodejs24.x',
          TracingConfig: { Mode: 'Active' },
        });
      }
      for (const [, { Properties }] of resourcesOf(template, 'AWS::Logs::LogGroup')) {
        expect(Properties.RetentionInDays).toBe(365);
        expect(Properties.KmsKeyId).toBeDefined();
      }
    }
  });

  it('have an environment that fits into the 4 KB of Lambda at its longest, the connector in half of them', () => {
    for (const [id, { Properties }] of resourcesOf(service, 'AWS::Lambda::Function')) {
      const { Variables: variables } = environment.parse(Properties.Environment);
      const sizes = Object.entries(variables).map(
        ([name, value]) => name.length + atItsLongest(value).length,
      );
      expect(
        sizes.reduce((sum, size) => sum + size, 0),
        id,
      ).toBeLessThan(4_096);
      const connector = atItsLongest(variables.DEFAULT_CONNECTOR);
      expect(Object.keys(JSON.parse(connector).versions)).toHaveLength(connectorFunctions.length);
      expect(connector.length, id).toBeLessThan(2_048);
    }
  });
});

describe('the connector', () => {
  it('puts every function into the network it is given and verifies TLS with the certificates of AWS', () => {
    for (const [, { Properties }] of resourcesOf(connector, 'AWS::Lambda::Function')) {
      expect(Properties.VpcConfig).toEqual({
        SubnetIds: { Ref: 'SubnetIds' },
        SecurityGroupIds: { Ref: 'SecurityGroupIds' },
      });
      expect(Properties.Environment).toMatchObject({
        Variables: { NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' },
      });
    }
  });

  it('limits connections by concurrency, unless told 0', () => {
    for (const [, { Properties }] of resourcesOf(connector, 'AWS::Lambda::Function')) {
      expect(JSON.stringify(Properties.ReservedConcurrentExecutions)).toMatch(
        /^\{"Fn::If":\["(Range|Step)ConcurrencyLimited",\{"Ref":"(Range|Step)Concurrency"\},\{"Ref":"AWS::NoValue"\}\]\}$/,
      );
    }
  });

  it('makes endpoints only when asked, which let through table, bucket and secrets and nothing else', () => {
    const endpoints = resourcesOf(connector, 'AWS::EC2::VPCEndpoint');
    expect(endpoints).toHaveLength(3);
    for (const [, endpoint] of endpoints) {
      expect(endpoint).toMatchObject({ Condition: 'EndpointsWanted' });
      const policy = JSON.stringify(endpoint.Properties.PolicyDocument);
      expect(policy).toMatch(/"Action":(\["(s3|dynamodb):|"secretsmanager:GetSecretValue")/);
      expect(policy).not.toContain('"Resource":"*"');
    }
    expect(connector.Parameters.MakeEndpoints).toMatchObject({ Default: 'no' });
  });

  it('asks for network and secrets as parameters, and looks nothing up', () => {
    expect(Object.keys(connector.Parameters)).toEqual(
      expect.arrayContaining(['SubnetIds', 'SecurityGroupIds', 'ConnectionArnPrefix']),
    );
    expect(connector.Parameters.ConnectionArnPrefix).not.toHaveProperty('Default');
  });
});

describe('the HTTP API', () => {
  it('asks for a token everywhere but at health, its own description, where Slack signs and at public documents', () => {
    const routes = resourcesOf(service, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => ({
      key: Properties.RouteKey,
      authorization: Properties.AuthorizationType,
    }));
    const open = routes.filter(({ authorization }) => authorization !== 'JWT').map(({ key }) => key);
    const roots = ['', '/services', '/gateway', '/deployments', '/apis', '/flags', '/configuration'];
    expect(open.sort()).toEqual(
      [
        ...roots.flatMap((root) => [`GET ${root}/health`, `GET ${root}/openapi.json`]),
        'POST /slack/interactions',
        'GET /apis/documents/{api}/{versions}/{document}',
      ].sort(),
    );
    expect(routes.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['ANY /migrations', 'ANY /migrations/{proxy+}', 'ANY /databases/{proxy+}']),
    );
  });

  it('lets every request through that its function answers', () => {
    const keys = resourcesOf(service, 'AWS::ApiGatewayV2::Route').map(
      ([, { Properties }]) => Properties.RouteKey,
    );
    const apis = [api, servicesApi, gatewayApi, deploymentsApi, apisApi, flagsApi, configurationApi];
    const nouns = new Set(
      apis.flatMap(({ definition }) => definition.routes.map(({ path }) => path.split('/')[1])),
    );
    expect([...nouns].filter((noun) => !keys.includes(`ANY /${noun}`))).toEqual([]);
  });

  it('takes issuer and audience at deployment', () => {
    const [, authorizer] = resourcesOf(service, 'AWS::ApiGatewayV2::Authorizer')[0] ?? [];
    expect(authorizer?.Properties.JwtConfiguration).toEqual({
      Issuer: { Ref: 'JwtIssuer' },
      Audience: { Ref: 'JwtAudience' },
    });
  });

  it('limits its rate and logs every access', () => {
    const [, stage] = resourcesOf(service, 'AWS::ApiGatewayV2::Stage')[0] ?? [];
    expect(stage?.Properties).toMatchObject({
      DefaultRouteSettings: { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
      AccessLogSettings: { Format: expect.stringContaining('$context.requestId') },
    });
  });
});

describe('workflows', () => {
  it('log every event, are traced, and are encrypted with our key', () => {
    for (const [, { Properties }] of resourcesOf(service, 'AWS::StepFunctions::StateMachine')) {
      expect(Properties).toMatchObject({
        LoggingConfiguration: { Level: 'ALL' },
        TracingConfiguration: { Enabled: true },
        EncryptionConfiguration: { Type: 'CUSTOMER_MANAGED_KMS_KEY' },
      });
    }
  });

  it('that end badly reach the reconciler, at once and by schedule, and nothing is lost on the way', () => {
    const rules = resourcesOf(service, 'AWS::Events::Rule').map(([, { Properties }]) => Properties);
    const ended = rules.find(({ EventPattern }) => JSON.stringify(EventPattern)?.includes('aws.states'));
    expect(ended?.EventPattern).toMatchObject({
      source: ['aws.states'],
      detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
    });
    const machines = resourcesOf(service, 'AWS::StepFunctions::StateMachine').length;
    expect(JSON.stringify(ended?.EventPattern).match(/:stateMachine:/g)).toHaveLength(machines);
    const every = (rate: string) =>
      rules.find(({ ScheduleExpression }) => ScheduleExpression === `rate(${rate})`);
    const regular = every('5 minutes');
    for (const rule of [ended, regular]) {
      expect(JSON.stringify(rule?.Targets)).toContain('Reconcile');
      expect(JSON.stringify(rule?.Targets)).toContain('DeadLetterConfig');
    }
    const often = JSON.stringify(every('1 minute')?.Targets);
    expect(often).toContain('PublishEvents');
    expect(often).toContain('WatchMigrations');
  });
});

describe('services and deployments', () => {
  it('are looked after every minute, and nothing is lost on the way', () => {
    const rules = resourcesOf(service, 'AWS::Events::Rule').map(([, { Properties }]) => Properties);
    const minutely = rules.filter(({ ScheduleExpression }) => ScheduleExpression === 'rate(1 minute)');
    for (const name of ['ServicesProbeInstances', 'DeploymentsReconcile', 'DeploymentsPublishEvents']) {
      const targets = minutely.map(({ Targets }) => JSON.stringify(Targets));
      expect(targets.find((text) => text.includes(name))).toContain('DeadLetterConfig');
    }
  });
});

describe('events of migrations', () => {
  it('go out every minute, and to webhooks from the bus of the environment, and none is lost on the way', () => {
    const rules = resourcesOf(service, 'AWS::Events::Rule').map(([, { Properties }]) => Properties);
    const minutely = rules.find(({ ScheduleExpression }) => ScheduleExpression === 'rate(1 minute)');
    const published = rules.find(({ EventBusName }) => EventBusName !== undefined);
    expect(JSON.stringify(minutely?.Targets)).toContain('PublishEvents');
    expect(published).toMatchObject({ EventPattern: { source: ['theseus.migrations'] } });
    for (const rule of [minutely, published]) {
      expect(JSON.stringify(rule?.Targets)).toContain('DeliverWebhooks');
      expect(JSON.stringify(rule?.Targets)).toContain('DeadLetterConfig');
    }
  });
});

describe('alarms', () => {
  it('cover failed workflows, functions, the API, the reconciler and lost events, and reach somebody', () => {
    const alarms = resourcesOf(service, 'AWS::CloudWatch::Alarm');
    expect(alarms.map(([, { Properties }]) => Properties.AlarmName).sort()).toEqual(
      [
        'api-errors',
        'audit-failed',
        'backup-damaged',
        'break-glass',
        'corruption-found',
        'critical-alert',
        'fleet-function-errors',
        'fleet-function-throttles',
        'function-errors',
        'function-throttles',
        'range-throttles',
        'reconciler-errors',
        'scheduled-function-errors',
        'scheduled-function-throttles',
        'undelivered-events',
        'warning-alert',
        'webhook-disabled',
        ...['errors', 'throttles'].flatMap((what) => [
          `services-function-${what}`,
          `gateway-function-${what}`,
          // More functions than one alarm sums.
          ...Object.entries({
            apis: apiFunctions,
            configuration: configurationFunctions,
            deployments: deploymentFunctions,
            flags: flagFunctions,
          }).flatMap(([noun, functions]) =>
            Array.from(
              { length: Math.ceil(Object.keys(functions).length / 10) },
              (_, at) => `${noun}-function-${what}-${at + 1}`,
            ),
          ),
        ]),
        'configuration-update-needs-attention',
        'deployment-needs-attention',
        'deprecation-needs-attention',
        'configuration-drift',
        'flag-drift',
        'flag-rollout-needs-attention',
        'deployment-workflow-failed',
        'deployment-workflow-timed-out',
        'workflow-failed',
        'workflow-timed-out',
      ]
        .map((name) => `theseus-production-${name}`)
        .sort(),
    );
    for (const [, { Properties }] of alarms) {
      expect(Properties.AlarmActions).toHaveLength(1);
      expect(String(Properties.AlarmDescription).length).toBeGreaterThan(20);
    }
    const disabled = alarms.find(([, { Properties }]) =>
      /webhook-disabled$/.test(String(Properties.AlarmName)),
    );
    expect(disabled?.[1].Properties).toMatchObject({
      Namespace: 'Theseus',
      MetricName: 'WebhookDisabled',
      Dimensions: [
        { Name: 'environment', Value: 'production' },
        { Name: 'service', Value: 'deliver-webhooks' },
      ],
      Threshold: 1,
      Period: 300,
    });
    expect(resourcesOf(service, 'AWS::SNS::Subscription')).toHaveLength(1);
  });
});

describe('templates', () => {
  it('hold no secret and no account', () => {
    expect(text).not.toMatch(/password|BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}/i);
    expect(text).not.toMatch(/:\d{12}:/);
  });
});
