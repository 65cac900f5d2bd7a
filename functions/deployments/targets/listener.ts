import {
  type Action,
  CreateRuleCommand,
  DeleteRuleCommand,
  DescribeListenersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetHealthCommand,
  ModifyListenerCommand,
  ModifyRuleCommand,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { loadBalancing } from '#platform/target-clients.ts';
import { TargetRefused } from '../errors.ts';
import { ask, isNamed } from './ask.ts';

// Listeners and rules of a load balancer, as AWS gives and takes them.

/** Where a load balancer decides: the default action of a listener, or one of its rules. */
export interface DecisionPoint {
  arn: string;
  listenerArn: string;
  /** Of the rule; a listener's default comes after all. */
  priority: number | 'default';
  actions: Action[];
  /** The rule with its conditions; absent for a default. */
  rule?: Rule;
}

const isRule = (arn: string) => arn.includes(':listener-rule/');

/** A rule's listener: the same ARN without its last part. */
const listenerOf = (arn: string): string =>
  isRule(arn) ? arn.replace(':listener-rule/', ':listener/').replace(/\/[^/]+$/, '') : arn;

/** What a listener's default or a rule does now. Throws TargetRefused when there is none. */
export async function readPoint(arn: string): Promise<DecisionPoint> {
  const point = isRule(arn) ? await readRule(arn) : await readListener(arn);
  if (point !== undefined) return point;
  throw new TargetRefused(`There is no ${arn}`, {
    evidence: { arn },
    action: 'Name a listener or a rule of a load balancer in this account and Region.',
  });
}

async function readListener(arn: string): Promise<DecisionPoint | undefined> {
  const found = await ask(`DescribeListeners of ${arn}`, () =>
    loadBalancing().send(new DescribeListenersCommand({ ListenerArns: [arn] })),
  );
  const [listener] = found.Listeners ?? [];
  return listener && { arn, listenerArn: arn, priority: 'default', actions: listener.DefaultActions ?? [] };
}

async function readRule(arn: string): Promise<DecisionPoint | undefined> {
  const found = await ask(`DescribeRules of ${arn}`, () =>
    loadBalancing().send(new DescribeRulesCommand({ RuleArns: [arn] })),
  );
  const [rule] = found.Rules ?? [];
  // A listener's default is a rule, too, which is changed by way of the listener.
  if (rule?.IsDefault) return readListener(listenerOf(arn));
  return (
    rule && {
      arn,
      listenerArn: listenerOf(arn),
      priority: Number(rule.Priority),
      actions: rule.Actions ?? [],
      rule,
    }
  );
}

/** Replaces the actions of a listener's default or of a rule; its conditions stay. */
export async function writeActions(point: DecisionPoint, actions: Action[]): Promise<void> {
  const { arn, listenerArn, rule } = point;
  await ask(`${rule === undefined ? 'ModifyListener' : 'ModifyRule'} of ${arn}`, async () => {
    if (rule === undefined) {
      await loadBalancing().send(
        new ModifyListenerCommand({ ListenerArn: listenerArn, DefaultActions: actions }),
      );
    } else await loadBalancing().send(new ModifyRuleCommand({ RuleArn: arn, Actions: actions }));
  });
}

/** Most rules a listener may be given by a quota. */
const mostPages = 20;

/** All rules of a listener. */
export async function rulesOf(listenerArn: string): Promise<Rule[]> {
  const rules: Rule[] = [];
  let Marker: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const found = await ask(`DescribeRules of ${listenerArn}`, () =>
      loadBalancing().send(new DescribeRulesCommand({ ListenerArn: listenerArn, PageSize: 400, Marker })),
    );
    rules.push(...(found.Rules ?? []));
    Marker = found.NextMarker;
    if (Marker === undefined) break;
  }
  return rules;
}

const tag = 'theseus:deployment';
/** What the platform may change has this tag: a rule without it could be made and never removed. */
const ofTargets = { Key: 'theseus:deployments', Value: 'target' };
/** AWS describes the tags of so many at once. */
const taggedAtOnce = 20;

/** Those of the rules that a deployment made. */
export async function madeBy(deployment: string, rules: readonly Rule[]): Promise<Rule[]> {
  const arns = rules.flatMap(({ RuleArn }) => (RuleArn === undefined ? [] : [RuleArn]));
  const made = new Set<string | undefined>();
  for (let from = 0; from < arns.length; from += taggedAtOnce) {
    const found = await ask('DescribeTags of rules', () =>
      loadBalancing().send(new DescribeTagsCommand({ ResourceArns: arns.slice(from, from + taggedAtOnce) })),
    );
    for (const { ResourceArn, Tags = [] } of found.TagDescriptions ?? []) {
      if (Tags.some(({ Key, Value }) => Key === tag && Value === deployment)) made.add(ResourceArn);
    }
  }
  return rules.filter(({ RuleArn }) => made.has(RuleArn));
}

/** Makes a rule that is known by its tag as this deployment's. Two makers of one priority: the second is TargetUnavailable. */
export async function createRule(
  deployment: string,
  rule: Required<Pick<Rule, 'Conditions' | 'Actions'>> &
    Pick<Rule, 'Transforms'> & { listenerArn: string; priority: number },
): Promise<void> {
  const { listenerArn, priority, Conditions, Actions, Transforms } = rule;
  await ask(`CreateRule of ${listenerArn}`, () =>
    loadBalancing().send(
      new CreateRuleCommand({
        ListenerArn: listenerArn,
        Priority: priority,
        Conditions,
        Actions,
        ...(Transforms === undefined || Transforms.length === 0 ? {} : { Transforms }),
        Tags: [{ Key: tag, Value: deployment }, ofTargets],
      }),
    ),
  );
}

/** Removes a rule; one that is gone already is fine. */
export async function deleteRule({ RuleArn }: Rule): Promise<void> {
  await ask(`DeleteRule of ${RuleArn}`, async () => {
    try {
      await loadBalancing().send(new DeleteRuleCommand({ RuleArn }));
    } catch (error) {
      if (!isNamed(error, 'RuleNotFoundException')) throw error;
    }
  });
}

/** The targets of a group with what the load balancer's health checks say. */
export async function targetsOf(groupArn: string, signal: AbortSignal) {
  const found = await ask(`DescribeTargetHealth of ${groupArn}`, () =>
    loadBalancing().send(new DescribeTargetHealthCommand({ TargetGroupArn: groupArn }), {
      abortSignal: signal,
    }),
  );
  return (found.TargetHealthDescriptions ?? []).map(({ Target, TargetHealth }) => ({
    id: `${Target?.Id}${Target?.Port === undefined ? '' : `:${Target.Port}`}`,
    state: TargetHealth?.State ?? 'unknown',
    reason: [TargetHealth?.Reason, TargetHealth?.Description].filter(Boolean).join(': '),
  }));
}
