import { DescribeServicesCommand, type Service, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { z } from 'zod';
import { ecs } from '#platform/target-clients.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';
import { alb } from './alb.ts';
import { ask, isNamed } from './ask.ts';
import type { AlbTarget, EcsTarget } from './schemas.ts';
import type { Health, Made, Subject, TargetActions } from './target.ts';

type Ecs = z.infer<typeof EcsTarget>;
type EcsSubject = Subject<Ecs>;

const EcsMade = z.strictObject({
  /** What the load balancer's part made: see alb.ts. */
  groups: z.strictObject({ blue: z.string(), green: z.string() }),
  blue: z.string(),
  green: z.string(),
  /** As ECS resolved it. */
  taskDefinition: z.string(),
});

/** The load balancer's part of it. */
const asAlb = ({ target, ...rest }: EcsSubject): Subject<z.infer<typeof AlbTarget>> => ({
  ...rest,
  target: {
    kind: 'alb',
    listenerOrRuleArn: target.listenerOrRuleArn,
    targetGroupArns: [target.sides[0].targetGroupArn, target.sides[1].targetGroupArn],
  },
});

/** The services of these names, in their order. Throws TargetRefused for one that is not there. */
async function describe({ cluster }: Ecs, names: readonly string[], signal: AbortSignal): Promise<Service[]> {
  const found = await ask(`DescribeServices of ${names.join(', ')}`, () =>
    ecs().send(new DescribeServicesCommand({ cluster, services: [...names] }), { abortSignal: signal }),
  );
  return names.map((name) => {
    const service = found.services?.find((one) => one.serviceName === name || one.serviceArn === name);
    if (service !== undefined && service.status === 'ACTIVE') return service;
    const reason =
      service?.status ?? found.failures?.find(({ arn }) => arn?.endsWith(`/${name}`))?.reason ?? 'MISSING';
    throw new TargetRefused(`The service ${name} of ${cluster} is not active: ${reason}`, {
      evidence: { cluster, service: name, found: reason },
      action: 'Create both services, each with its target group, then start again.',
    });
  });
}

/** Refuses a service that others deploy, or that stands behind another target group. */
function checkService(service: Service, groupArn: string): void {
  const controller = service.deploymentController?.type ?? 'ECS';
  if (controller !== 'ECS') {
    throw new TargetRefused(`The service ${service.serviceName} is deployed by ${controller}`, {
      evidence: { expected: 'ECS', found: controller },
      action: 'Use services with the deployment controller ECS.',
    });
  }
  const groups = (service.loadBalancers ?? []).flatMap(({ targetGroupArn }) => targetGroupArn ?? []);
  if (groups.includes(groupArn)) return;
  throw new TargetRefused(`The service ${service.serviceName} does not stand behind ${groupArn}`, {
    evidence: { expected: groupArn, found: groups },
    action: 'Name the target group of each service.',
  });
}

const update = (
  cluster: string,
  service: string,
  change: { taskDefinition?: string; desiredCount: number },
  signal: AbortSignal,
) =>
  ask(`UpdateService of ${service}`, () =>
    ecs().send(new UpdateServiceCommand({ cluster, service, ...change }), { abortSignal: signal }),
  );

async function createGreen(subject: EcsSubject, signal: AbortSignal) {
  const { target } = subject;
  const traffic = await alb.createGreen(asAlb(subject), signal);
  const groups = EcsMade.shape.groups.parse(traffic.made);
  const [first, second] = target.sides;
  const [blueSide, greenSide] = first.targetGroupArn === groups.blue ? [first, second] : [second, first];
  const [blue, green] = await describe(target, [blueSide.service, greenSide.service], signal);
  if (blue === undefined || green === undefined)
    throw new TargetUnavailable('ECS described other services than were asked for');
  checkService(blue, groups.blue);
  checkService(green, groups.green);
  const desiredCount = target.desiredCount ?? Math.max(1, blue.desiredCount ?? 1);
  const { service } = await update(
    target.cluster,
    greenSide.service,
    { taskDefinition: target.taskDefinition, desiredCount },
    signal,
  );
  const taskDefinition = service?.taskDefinition;
  if (taskDefinition === undefined)
    throw new TargetUnavailable(`UpdateService of ${greenSide.service} answered no task definition`);
  const made = { groups, blue: blueSide.service, green: greenSide.service, taskDefinition };
  // In the load balancer's words, whose figures tell the two apart.
  return { blue: traffic.blue, green: traffic.green, made };
}

const groupsOf = (made: Made) => EcsMade.parse(made).groups;

/** Whether green runs in full: one deployment, of its task definition, with every task there. */
function steadiness(service: Service, taskDefinition: string): Omit<Health, 'endpoint'> {
  const { desiredCount = 0, runningCount = 0, pendingCount = 0, deployments = [] } = service;
  if (service.taskDefinition !== taskDefinition) {
    return { healthy: false, detail: `runs ${service.taskDefinition}, expected ${taskDefinition}` };
  }
  const tasks = `${runningCount} of ${desiredCount} tasks run`;
  const [only, ...others] = deployments;
  if (only?.rolloutState === 'FAILED') {
    return { healthy: false, detail: `the rollout failed: ${only.rolloutStateReason ?? tasks}` };
  }
  // A service that alarms or its circuit breaker do not watch has no state of a rollout.
  const rolledOut = others.length === 0 && (only?.rolloutState ?? 'COMPLETED') === 'COMPLETED';
  return {
    healthy: rolledOut && pendingCount === 0 && desiredCount > 0 && runningCount === desiredCount,
    detail: rolledOut ? tasks : `${tasks}, ${deployments.length} deployments of it go on`,
  };
}

const checkHealth: TargetActions<Ecs>['checkHealth'] = async (subject, given, signal) => {
  const made = EcsMade.parse(given);
  const [service] = await describe(subject.target, [made.green], signal);
  const steady =
    service === undefined ? { healthy: false, detail: 'missing' } : steadiness(service, made.taskDefinition);
  const targets = await alb.checkHealth(asAlb(subject), made.groups, signal);
  const missing = (service?.runningCount ?? 0) - targets.length;
  const registered: Omit<Health, 'endpoint'> =
    steady.healthy && missing > 0
      ? { healthy: false, detail: `${missing} of ${service?.runningCount} tasks are not registered yet` }
      : steady;
  return [{ endpoint: made.green, ...registered }, ...targets];
};

/** Takes a service's tasks away, unless it still gets traffic by weight or header. */
async function scaleDown(
  subject: EcsSubject,
  made: Made,
  service: string,
  wanted: 0 | 100,
  signal: AbortSignal,
) {
  const { percent, canaries } = await alb.split(asAlb(subject), groupsOf(made));
  if (percent !== wanted || (wanted === 0 && canaries.length > 0)) {
    throw new TargetRefused(`The service ${service} still has traffic: green gets ${percent} % of it`, {
      evidence: { service, expected: wanted, found: percent },
      action: 'Shift the traffic first.',
    });
  }
  try {
    await update(subject.target.cluster, service, { desiredCount: 0 }, signal);
  } catch (error) {
    const gone =
      error instanceof Error && isNamed(error.cause, 'ServiceNotFoundException', 'ServiceNotActiveException');
    if (!gone) throw error;
  }
}

/** Two services of ECS behind two target groups, which change places with every deployment. */
export const ecsServices: TargetActions<Ecs> = {
  createGreen,
  split: (subject, made) => alb.split(asAlb(subject), groupsOf(made)),
  shift: (subject, made, wanted) => alb.shift(asAlb(subject), groupsOf(made), wanted),
  warmUp: (subject, made, requests, signal) => alb.warmUp(asAlb(subject), groupsOf(made), requests, signal),
  checkHealth,
  cleanUpBlue: (subject, made, signal) => scaleDown(subject, made, EcsMade.parse(made).blue, 100, signal),
  cleanUpGreen: (subject, made, signal) => scaleDown(subject, made, EcsMade.parse(made).green, 0, signal),
};
