import type { Action, Rule } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attach } from '#local/attach.ts';
import { forgetClients } from '#platform/clients.ts';
import { loadBalancing } from '#platform/target-clients.ts';
import { alb } from './alb.ts';
import {
  groupArn,
  listenerArn,
  loadBalancer,
  type Recorder,
  recorder,
  ruleArn,
  throttling,
} from './fixtures/aws.ts';

const { signal } = new AbortController();
const blue = groupArn('shop-blue');
const green = groupArn('shop-green');
const other = groupArn('other');
const stickiness = { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 } };
const oidc: Action = {
  Type: 'authenticate-oidc',
  Order: 1,
  AuthenticateOidcConfig: {
    Issuer: 'i',
    AuthorizationEndpoint: 'a',
    TokenEndpoint: 't',
    UserInfoEndpoint: 'u',
    ClientId: 'c',
    ClientSecret: 'secret',
  },
};
const cognito: Action = {
  Type: 'authenticate-cognito',
  Order: 1,
  AuthenticateCognitoConfig: { UserPoolArn: 'arn:p', UserPoolClientId: 'c', UserPoolDomain: 'd' },
};
const forward = (weights: Record<string, number>, more: object = stickiness): Action => ({
  Type: 'forward',
  Order: 2,
  ForwardConfig: {
    TargetGroups: Object.entries(weights).map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
    ...more,
  },
});
const path = { Field: 'path-pattern', Values: ['/shop/*'], PathPatternConfig: { Values: ['/shop/*'] } };
const healthy = (id: string) => ({
  Target: { Id: id, Port: 80 },
  TargetHealth: { State: 'healthy' as const },
});

let aws: Recorder;
let world: { defaultActions: Action[]; rules: Rule[]; targets: Record<string, ReturnType<typeof healthy>[]> };

const region = process.env.AWS_REGION;
beforeEach(() => {
  process.env.AWS_REGION = 'eu-west-1';
  forgetClients();
  aws = recorder();
  world = {
    defaultActions: [cognito, forward({ [blue]: 1 })],
    rules: [
      {
        RuleArn: ruleArn('first'),
        Priority: '3',
        Conditions: [path],
        Actions: [forward({ [other]: 1 })],
        IsDefault: false,
      },
      {
        RuleArn: ruleArn('shop'),
        Priority: '10',
        Conditions: [path],
        Actions: [forward({ [blue]: 1 })],
        IsDefault: false,
      },
      { RuleArn: ruleArn('default'), Priority: 'default', Conditions: [], Actions: [], IsDefault: true },
    ],
    targets: { [green]: [healthy('i-1'), healthy('i-2')] },
  };
  attach(loadBalancing(), 'ElasticLoadBalancingV2', loadBalancer(aws, world));
});
afterEach(() => {
  forgetClients();
  if (region === undefined) delete process.env.AWS_REGION;
  else process.env.AWS_REGION = region;
});

const subject = (listenerOrRuleArn = listenerArn): Parameters<typeof alb.split>[0] => ({
  deployment: 'dep_1',
  service: 'shop',
  version: '2.0.0',
  target: { kind: 'alb', listenerOrRuleArn, targetGroupArns: [green, blue] },
});
const shop = subject(ruleArn('shop'));
const to = (percent: number, canaries: { header: { name: string; value: string } }[] = []) => ({
  percent,
  canaries,
  order: 1,
  done: false,
});
const beta = { header: { name: 'X-Beta', value: 'yes' } };
const weights = (actions: Action[] | undefined) =>
  Object.fromEntries(
    (actions?.find(({ Type }) => Type === 'forward')?.ForwardConfig?.TargetGroups ?? []).map((one) => [
      one.TargetGroupArn,
      one.Weight,
    ]),
  );
const shopRule = () => world.rules.find(({ RuleArn }) => RuleArn === ruleArn('shop'));
const made = { blue, green };

describe('a deployment over target groups', () => {
  it('finds who serves, and has the other one’s health looked at before it gets anything', async () => {
    const unused = await alb.checkHealth(subject(), made, signal);
    expect(unused).toMatchObject([{ healthy: false, detail: 'unused: Target.NotInUse' }, { healthy: false }]);
    expect(await alb.createGreen(subject(), signal)).toEqual({
      blue: 'targetgroup/shop-blue/73e2d6bc',
      green: 'targetgroup/shop-green/73e2d6bc',
      made,
    });
    expect(weights(world.defaultActions)).toEqual({ [blue]: 100, [green]: 0 });
    expect(await alb.checkHealth(subject(), made, signal)).toEqual([
      { endpoint: 'i-1:80', healthy: true, detail: 'healthy' },
      { endpoint: 'i-2:80', healthy: true, detail: 'healthy' },
    ]);
    await alb.createGreen(subject(), signal);
    expect(aws.writes()).toHaveLength(1);
  });

  it('sends ModifyListener with the weights alone changed: stickiness and authentication stay', async () => {
    await alb.shift(subject(), made, to(25));
    expect(aws.writes()).toEqual([
      {
        name: 'ModifyListener',
        input: {
          ListenerArn: listenerArn,
          DefaultActions: [cognito, forward({ [blue]: 75, [green]: 25 })],
        },
      },
    ]);
    expect(await alb.split(subject(), made)).toEqual({ percent: 25, canaries: [] });
    await alb.shift(subject(), made, to(25));
    expect(aws.writes()).toHaveLength(1);
  });

  it('sends ModifyRule for a rule, whose conditions stay', async () => {
    await alb.shift(shop, made, to(100));
    expect(aws.writes()).toEqual([
      {
        name: 'ModifyRule',
        input: { RuleArn: ruleArn('shop'), Actions: [forward({ [blue]: 0, [green]: 100 })] },
      },
    ]);
    await alb.shift(shop, made, to(0));
    expect(weights(shopRule()?.Actions)).toEqual({ [blue]: 100, [green]: 0 });
  });

  it('changes a listener’s default when its rule is named, and keeps a secret that AWS does not show', async () => {
    world.defaultActions = [oidc, forward({ [blue]: 1 })];
    await alb.shift(subject(ruleArn('default')), made, to(5));
    expect(world.defaultActions[0]?.AuthenticateOidcConfig).toMatchObject({
      ClientId: 'c',
      UseExistingClientSecret: true,
    });
    expect(weights(world.defaultActions)).toEqual({ [blue]: 95, [green]: 5 });
  });

  it.each([
    ['traffic on both', () => [forward({ [blue]: 1, [green]: 1 })], 'shop-blue 1, shop-green 1'],
    ['traffic on neither', () => [forward({ [other]: 1 })], 'other 1'],
    [
      'no forwarding',
      (): Action[] => [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } }],
      'fixed-response',
    ],
  ])('is refused with %s', async (_what, actions, found) => {
    world.defaultActions = actions();
    await expect(alb.createGreen(subject(), signal)).rejects.toMatchObject({
      name: 'TargetRefused',
      message: expect.stringContaining(found),
      action: expect.any(String),
    });
    expect(aws.writes()).toEqual([]);
  });

  it('is refused by name where there is no such rule', async () => {
    await expect(alb.createGreen(subject(ruleArn('gone')), signal)).rejects.toMatchObject({
      name: 'TargetRefused',
      evidence: { error: 'RuleNotFoundException' },
    });
  });
});

describe('weights that somebody else changes', () => {
  it('are not shifted further; the way back leaves theirs', async () => {
    world.defaultActions = [forward({ [blue]: 60, [green]: 30, [other]: 10 })];
    await expect(alb.shift(subject(), made, to(50))).rejects.toMatchObject({
      name: 'ForwardingChanged',
      evidence: { expected: ['shop-blue', 'shop-green'], found: 'shop-blue 60, shop-green 30, other 10' },
    });
    await alb.shift(subject(), made, to(0));
    expect(weights(world.defaultActions)).toEqual({ [blue]: 90, [green]: 0, [other]: 10 });
  });
});

describe('header canaries', () => {
  it('are a tagged rule directly above, with the conditions of its own and the header', async () => {
    await alb.shift(shop, made, to(0, [beta]));
    expect(aws.writes().find(({ name }) => name === 'CreateRule')?.input).toEqual({
      ListenerArn: listenerArn,
      Priority: 9,
      Conditions: [
        { Field: 'path-pattern', PathPatternConfig: { Values: ['/shop/*'] } },
        { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Beta', Values: ['yes'] } },
      ],
      Actions: [forward({ [green]: 1 })],
      Tags: [
        { Key: 'theseus:deployment', Value: 'dep_1' },
        { Key: 'theseus:deployments', Value: 'target' },
      ],
    });
    expect(await alb.split(shop, made)).toEqual({ percent: 0, canaries: [beta] });
  });

  it('follow what is asked for: another one beside, then none; rules of others stay', async () => {
    const second = { header: { name: 'X-Beta', value: 'also' } };
    world.rules.push({
      RuleArn: ruleArn('theirs'),
      Priority: '60',
      Conditions: [
        path,
        { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Beta', Values: ['yes'] } },
      ],
      Actions: [forward({ [green]: 1 })],
      IsDefault: false,
    });
    await alb.shift(subject(), made, to(0, [beta]));
    await alb.shift(subject(), made, to(10, [beta, second]));
    expect((await alb.split(subject(), made)).canaries).toEqual([beta, second]);
    expect(world.rules.map(({ Priority }) => Priority)).toEqual(['3', '10', 'default', '60', '61', '62']);
    await alb.shift(subject(), made, to(100));
    expect(world.rules.map(({ Priority }) => Priority)).toEqual(['3', '10', 'default', '60']);
  });

  it('are refused where another rule would lose requests, and what a load balancer cannot tell', async () => {
    world.rules.push({
      RuleArn: ruleArn('above'),
      Priority: '9',
      Conditions: [path],
      Actions: [forward({ [other]: 1 })],
      IsDefault: false,
    });
    await expect(alb.shift(shop, made, to(0, [beta]))).rejects.toMatchObject({
      name: 'TargetRefused',
      evidence: { priority: 10 },
    });
    const wild = { header: { name: 'X-Beta', value: 'y*' } };
    await expect(alb.shift(shop, made, to(0, [wild]))).rejects.toMatchObject({ name: 'TargetRefused' });
    await expect(
      alb.shift(shop, made, { percent: 0, canaries: [{ tenants: ['t1'] }], order: 1, done: false }),
    ).rejects.toMatchObject({ name: 'TargetRefused' });
    world.defaultActions = [oidc, forward({ [blue]: 1 })];
    await expect(alb.shift(subject(), made, to(0, [beta]))).rejects.toThrow('authenticates by OIDC');
  });
});

describe('throttling', () => {
  it.each([
    ['ModifyRule', 'before', 0],
    ['ModifyRule', 'after', 40],
    ['CreateRule', 'before', 40],
    ['CreateRule', 'after', 40],
  ] as const)(
    'of %s, %s it took effect, leaves a whole state that the next try completes',
    async (call, when, percent) => {
      aws.state.trouble = { call, when, error: throttling('elb') };
      await expect(alb.shift(shop, made, to(40, [beta]))).rejects.toMatchObject({
        name: 'TargetUnavailable',
        retryable: true,
      });
      expect((await alb.split(shop, made)).percent).toBe(percent);
      await alb.shift(shop, made, to(40, [beta]));
      expect(await alb.split(shop, made)).toEqual({ percent: 40, canaries: [beta] });
      expect(world.rules).toHaveLength(4);
    },
  );

  it('of DeleteRule is completed by the next try', async () => {
    await alb.shift(shop, made, to(40, [beta]));
    for (const when of ['before', 'after'] as const) {
      aws.state.trouble = { call: 'DeleteRule', when, error: throttling('elb') };
      await alb.shift(shop, made, to(0)).catch((error) => expect(error.name).toBe('TargetUnavailable'));
    }
    await alb.shift(shop, made, to(0));
    expect(await alb.split(shop, made)).toEqual({ percent: 0, canaries: [] });
  });
});
