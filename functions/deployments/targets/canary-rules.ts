import type { Action, Rule } from '@aws-sdk/client-elastic-load-balancing-v2';
import { TargetRefused } from '../errors.ts';
import {
  busyGroups,
  canaryConditions,
  canaryPriority,
  forwardingTo,
  forwardOf,
  groupsOf,
  type HeaderMatch,
  headerOf,
  sameHeader,
} from './forwarding.ts';
import { createRule, type DecisionPoint, deleteRule, madeBy, rulesOf } from './listener.ts';

// Rules that send requests with a header to green, above the rule that splits the rest by weight.

interface CanaryRule {
  header: HeaderMatch;
  rule: Rule;
}

/** Only rules like those that deployments make are asked for their tags. */
const likeOurs = (rule: Rule, green: string): boolean => {
  const forward = forwardOf(rule.Actions ?? []);
  return forward !== undefined && String(busyGroups(groupsOf(forward))) === green;
};

const besides = (point: DecisionPoint) => point.rule?.Conditions ?? [];

async function ownRules(deployment: string, point: DecisionPoint, green: string) {
  const rules = await rulesOf(point.listenerArn);
  const likely = rules.filter(
    (rule) => rule.RuleArn !== point.arn && !rule.IsDefault && likeOurs(rule, green),
  );
  const own = (await madeBy(deployment, likely)).flatMap((rule): CanaryRule[] => {
    const header = headerOf(rule, besides(point));
    return header === undefined ? [] : [{ header, rule }];
  });
  return { rules, own };
}

/** The headers that send requests to green now, by rules of this deployment. */
export async function readCanaries(
  deployment: string,
  point: DecisionPoint,
  green: string,
): Promise<HeaderMatch[]> {
  return (await ownRules(deployment, point, green)).own.map(({ header }) => header);
}

/** What a canary's rule does: as the point does, to green alone. */
function canaryActions(point: DecisionPoint, green: string): Action[] {
  if (point.actions.some(({ Type }) => Type === 'authenticate-oidc')) {
    throw new TargetRefused(
      `A rule for a header cannot be made beside ${point.arn}: it authenticates by OIDC, and AWS does not show its secret`,
      {
        evidence: { arn: point.arn },
        action: 'Deploy without a header canary.',
      },
    );
  }
  return forwardingTo(point.actions, [{ arn: green, weight: 1 }]);
}

function freePriority(point: DecisionPoint, rules: readonly Rule[], own: readonly CanaryRule[]): number {
  const numbers = (list: readonly Rule[]) =>
    list.map(({ Priority }) => Number(Priority)).filter(Number.isInteger);
  const priority = canaryPriority(point.priority, numbers(rules), numbers(own.map(({ rule }) => rule)));
  if (priority !== undefined) return priority;
  throw new TargetRefused(
    `There is no free priority directly above ${point.arn} (priority ${point.priority})`,
    {
      evidence: { arn: point.arn, priority: point.priority },
      action:
        'Leave the number before that rule free: a canary placed higher would take requests of other rules.',
    },
  );
}

/** Makes the rules of these headers and removes the deployment's others. */
export async function writeCanaries(
  deployment: string,
  point: DecisionPoint,
  green: string,
  headers: readonly HeaderMatch[],
): Promise<void> {
  const { rules, own } = await ownRules(deployment, point, green);
  const wanted = (one: HeaderMatch) => headers.some((header) => sameHeader(header, one));
  const kept = own.filter(
    ({ header }, at) => wanted(header) && own.findIndex((one) => sameHeader(one.header, header)) === at,
  );
  for (const one of own) if (!kept.includes(one)) await deleteRule(one.rule);
  for (const header of headers) {
    if (kept.some((one) => sameHeader(one.header, header))) continue;
    const priority = freePriority(point, rules, kept);
    const Conditions = canaryConditions(besides(point), header);
    const rule = { Conditions, Actions: canaryActions(point, green), Transforms: point.rule?.Transforms };
    await createRule(deployment, { ...rule, listenerArn: point.listenerArn, priority });
    kept.push({ header, rule: { Priority: String(priority) } });
    rules.push({ Priority: String(priority) });
  }
}
