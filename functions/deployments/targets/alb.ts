import { z } from 'zod';
import { ForwardingChanged, TargetRefused } from '../errors.ts';
import { readCanaries, writeCanaries } from './canary-rules.ts';
import {
  busyGroups,
  forwardingTo,
  forwardOf,
  groupDimension,
  groupName,
  groupsInWords,
  groupsOf,
  type HeaderMatch,
  percentOf,
  sameGroups,
  splitGroups,
  type WeightedGroup,
  withoutGreen,
} from './forwarding.ts';
import { type DecisionPoint, readPoint, targetsOf, writeActions } from './listener.ts';
import type { AlbTarget, Canary } from './schemas.ts';
import type { Health, Made, Subject, TargetActions } from './target.ts';

type AlbSubject = Subject<z.infer<typeof AlbTarget>>;

const AlbMade = z.strictObject({ blue: z.string(), green: z.string() });

/** Where traffic is decided, and to which groups it goes now. Throws TargetRefused when nothing is forwarded there. */
async function readGroups(arn: string): Promise<{ point: DecisionPoint; groups: WeightedGroup[] }> {
  const point = await readPoint(arn);
  const forward = forwardOf(point.actions);
  if (forward !== undefined) return { point, groups: groupsOf(forward) };
  const found = point.actions.map(({ Type }) => Type).join(', ') || 'nothing';
  throw new TargetRefused(`${arn} does not forward to target groups, it does: ${found}`, {
    evidence: { arn, found },
    action: 'Name a listener or rule whose last action forwards.',
  });
}

/** Writes other weights unless they are there already. */
async function writeGroups(
  point: DecisionPoint,
  found: WeightedGroup[],
  wanted: WeightedGroup[],
): Promise<void> {
  if (!sameGroups(found, wanted)) await writeActions(point, forwardingTo(point.actions, wanted));
}

async function createGreen({ target }: AlbSubject) {
  const { listenerOrRuleArn: arn, targetGroupArns } = target;
  const { point, groups } = await readGroups(arn);
  const [serving, ...more] = busyGroups(groups);
  const green = targetGroupArns.find((one) => one !== serving);
  if (serving === undefined || more.length > 0 || !targetGroupArns.includes(serving) || green === undefined) {
    const found = groupsInWords(groups);
    throw new TargetRefused(
      `${arn} forwards to ${found}; expected all traffic on one of the two target groups`,
      {
        evidence: { arn, expected: targetGroupArns.map(groupName), found },
        action: 'Finish what splits the traffic, or give one of the two groups all of it, then start again.',
      },
    );
  }
  // A load balancer checks the health of targets only where a listener names their group, be it without a weight.
  await writeGroups(point, groups, splitGroups(groups, serving, green, 0));
  return { blue: groupDimension(serving), green: groupDimension(green), made: { blue: serving, green } };
}

const headersOf = (canaries: readonly Canary[]): HeaderMatch[] =>
  canaries.map((canary) => {
    if ('header' in canary && !/[*?]/.test(canary.header.value)) return canary.header;
    throw new TargetRefused(
      'A load balancer can tell requests by a header without * and ?, and not by tenant',
      {
        evidence: { found: canary },
        action: 'Use a header canary with a plain value, or put the gateway in front.',
      },
    );
  });

async function split({ target, deployment }: AlbSubject, made: Made) {
  const { green } = AlbMade.parse(made);
  const { point, groups } = await readGroups(target.listenerOrRuleArn);
  const headers = await readCanaries(deployment, point, green);
  return { percent: percentOf(groups, green), canaries: headers.map((header) => ({ header })) };
}

/** The weights that a shift asks for. Throws ForwardingChanged when others' groups have some. */
function wantedGroups(
  arn: string,
  { blue, green }: z.infer<typeof AlbMade>,
  groups: WeightedGroup[],
  percent: number,
) {
  // The way back takes green out and leaves alone what others did: it must not wait for anybody.
  if (percent === 0) return withoutGreen(groups, blue, green);
  if (busyGroups(groups).every((one) => one === blue || one === green)) {
    return splitGroups(groups, blue, green, percent);
  }
  const found = groupsInWords(groups);
  throw new ForwardingChanged(
    `Somebody else changed ${arn}: expected ${groupName(blue)} and ${groupName(green)}, found ${found}`,
    {
      evidence: { arn, expected: [blue, green].map(groupName), found },
      action: 'Find out who changes it. The deployment takes its version out again and ends.',
    },
  );
}

const shift: TargetActions<AlbSubject['target']>['shift'] = async (subject, given, { percent, canaries }) => {
  const made = AlbMade.parse(given);
  const headers = headersOf(canaries);
  const { listenerOrRuleArn: arn } = subject.target;
  const { point, groups } = await readGroups(arn);
  await writeGroups(point, groups, wantedGroups(arn, made, groups, percent));
  await writeCanaries(subject.deployment, point, made.green, headers);
};

/** Targets that leave are nobody's concern; without health checks they count as well, as they do for the load balancer. */
const checkHealth: TargetActions<AlbSubject['target']>['checkHealth'] = async (_subject, made, signal) => {
  const targets = await targetsOf(AlbMade.parse(made).green, signal);
  return targets
    .filter(({ state }) => !/draining$/.test(state))
    .map(
      ({ id, state, reason }): Health => ({
        endpoint: id,
        healthy: state === 'healthy' || state === 'unavailable',
        detail: reason === '' ? state : `${state}: ${reason}`,
      }),
    );
};

/** Two target groups of a load balancer. What is behind them is there already, and stays. */
export const alb: TargetActions<AlbSubject['target']> = {
  createGreen,
  split,
  shift,
  // Nothing of green can be reached past the load balancer; slow start of a target group does what warming would.
  async warmUp() {},
  checkHealth,
  async cleanUpBlue() {},
  async cleanUpGreen() {},
};
