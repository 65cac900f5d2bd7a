import type { Service } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attach } from '#local/attach.ts';
import { forgetClients } from '#platform/clients.ts';
import { ecs, loadBalancing } from '#platform/target-clients.ts';
import { ecsServices } from './ecs.ts';
import {
  cluster,
  groupArn,
  listenerArn,
  loadBalancer,
  type Recorder,
  recorder,
  throttling,
} from './fixtures/aws.ts';

const { signal } = new AbortController();
const blue = groupArn('shop-a');
const green = groupArn('shop-b');
const arnOf = (taskDefinition: string) =>
  `arn:aws:ecs:eu-west-1:111122223333:task-definition/${taskDefinition}`;
const target = (id: string) => ({
  Target: { Id: id, Port: 8080 },
  TargetHealth: { State: 'healthy' as const },
});

let aws: Recorder;
let services: Service[];
let settle: (name: string) => void;
let targets: Record<string, ReturnType<typeof target>[]>;

const region = process.env.AWS_REGION;
beforeEach(() => {
  process.env.AWS_REGION = 'eu-west-1';
  forgetClients();
  aws = recorder();
  const service = (serviceName: string, targetGroupArn: string, count: number): Service => ({
    serviceName,
    status: 'ACTIVE',
    desiredCount: count,
    runningCount: count,
    pendingCount: 0,
    taskDefinition: arnOf('shop:1'),
    loadBalancers: [{ targetGroupArn }],
    deployments: [{ status: 'PRIMARY', rolloutState: 'COMPLETED' }],
  });
  services = [service('shop-a', blue, 3), service('shop-b', green, 0)];
  targets = { [green]: ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(target) };
  const forward = {
    Type: 'forward' as const,
    ForwardConfig: { TargetGroups: [{ TargetGroupArn: blue, Weight: 1 }] },
  };
  attach(
    loadBalancing(),
    'ElasticLoadBalancingV2',
    loadBalancer(aws, { defaultActions: [forward], rules: [], targets }),
  );
  const running = cluster(aws, services);
  settle = running.settle;
  attach(ecs(), 'ECS', running.handlers);
});
afterEach(() => {
  forgetClients();
  if (region === undefined) delete process.env.AWS_REGION;
  else process.env.AWS_REGION = region;
});

const subject = (more: object = {}): Parameters<typeof ecsServices.split>[0] => ({
  deployment: 'dep_1',
  service: 'shop',
  version: '2.0.0',
  target: {
    kind: 'ecs',
    cluster: 'shop',
    listenerOrRuleArn: listenerArn,
    sides: [
      { service: 'shop-b', targetGroupArn: green },
      { service: 'shop-a', targetGroupArn: blue },
    ],
    taskDefinition: 'shop:2',
    ...more,
  },
});
const to = (percent: number) => ({ percent, canaries: [], order: 1, done: false });
const updates = () =>
  aws
    .writes()
    .filter(({ name }) => name === 'UpdateService')
    .map(({ input }) => input);
const counts = () =>
  Object.fromEntries(services.map(({ serviceName, desiredCount }) => [serviceName, desiredCount]));

describe('a deployment over two services', () => {
  it('starts the idle one with the new task definition and as many tasks, without traffic', async () => {
    const begun = await ecsServices.createGreen(subject(), signal);
    expect(begun).toMatchObject({
      green: 'targetgroup/shop-b/73e2d6bc',
      made: { blue: 'shop-a', green: 'shop-b', taskDefinition: arnOf('shop:2') },
    });
    expect(updates()).toEqual([
      { cluster: 'shop', service: 'shop-b', taskDefinition: 'shop:2', desiredCount: 3 },
    ]);
    expect(await ecsServices.split(subject(), begun.made)).toEqual({ percent: 0, canaries: [] });
    expect(await ecsServices.createGreen(subject(), signal)).toEqual(begun);
  });

  it('waits for a steady state: one deployment, every task there and registered', async () => {
    const { made } = await ecsServices.createGreen(subject(), signal);
    const look = async () => (await ecsServices.checkHealth(subject(), made, signal))[0];
    expect(await look()).toEqual({
      endpoint: 'shop-b',
      healthy: false,
      detail: '0 of 3 tasks run, 2 deployments of it go on',
    });
    settle('shop-b');
    expect(await look()).toEqual({ endpoint: 'shop-b', healthy: true, detail: '3 of 3 tasks run' });
    targets[green]?.pop();
    expect(await look()).toEqual({
      endpoint: 'shop-b',
      healthy: false,
      detail: '1 of 3 tasks are not registered yet',
    });
    Object.assign(services[1] ?? {}, {
      deployments: [{ rolloutState: 'FAILED', rolloutStateReason: 'tasks failed to start' }],
    });
    expect(await look()).toMatchObject({
      healthy: false,
      detail: 'the rollout failed: tasks failed to start',
    });
    Object.assign(services[1] ?? {}, { taskDefinition: arnOf('shop:9') });
    expect(await look()).toMatchObject({
      healthy: false,
      detail: expect.stringContaining('shop:9, expected'),
    });
  });

  it('takes the tasks of blue away only when all traffic is on green, and the other way round', async () => {
    const { made } = await ecsServices.createGreen(subject({ desiredCount: 5 }), signal);
    await ecsServices.shift(subject(), made, to(50));
    for (const cleanUp of [ecsServices.cleanUpBlue, ecsServices.cleanUpGreen]) {
      await expect(cleanUp(subject(), made, signal)).rejects.toMatchObject({
        name: 'TargetRefused',
        evidence: { found: 50 },
      });
    }
    expect(counts()).toEqual({ 'shop-a': 3, 'shop-b': 5 });
    await ecsServices.shift(subject(), made, to(100));
    await ecsServices.cleanUpBlue(subject(), made, signal);
    expect(counts()).toEqual({ 'shop-a': 0, 'shop-b': 5 });
    await ecsServices.shift(subject(), made, to(0));
    await ecsServices.cleanUpGreen(subject(), made, signal);
    expect(counts()).toEqual({ 'shop-a': 0, 'shop-b': 0 });
  });

  it('comes through throttling and a service that went meanwhile', async () => {
    aws.state.trouble = { call: 'UpdateService', when: 'after', error: throttling('ecs') };
    await expect(ecsServices.createGreen(subject(), signal)).rejects.toMatchObject({
      name: 'TargetUnavailable',
    });
    const { made } = await ecsServices.createGreen(subject(), signal);
    expect(counts()).toEqual({ 'shop-a': 3, 'shop-b': 3 });
    await ecsServices.shift(subject(), made, to(100));
    services.shift();
    await ecsServices.cleanUpBlue(subject(), made, signal);
  });

  it.each([
    [
      'a service that is not there',
      {
        sides: [
          { service: 'shop-c', targetGroupArn: green },
          { service: 'shop-a', targetGroupArn: blue },
        ],
      },
      'shop-c of shop is not active: MISSING',
    ],
    [
      'a service behind another group',
      {
        sides: [
          { service: 'shop-a', targetGroupArn: green },
          { service: 'shop-b', targetGroupArn: blue },
        ],
      },
      'does not stand behind',
    ],
  ])('is refused with %s', async (_what, more, message) => {
    await expect(ecsServices.createGreen(subject(more), signal)).rejects.toMatchObject({
      name: 'TargetRefused',
      message: expect.stringContaining(message),
    });
    expect(updates()).toEqual([]);
  });

  it('is refused where CodeDeploy deploys', async () => {
    Object.assign(services[1] ?? {}, { deploymentController: { type: 'CODE_DEPLOY' } });
    await expect(ecsServices.createGreen(subject(), signal)).rejects.toThrow('is deployed by CODE_DEPLOY');
  });
});
