import type {
  Action,
  Rule,
  RuleCondition,
  TargetGroupTuple,
} from '@aws-sdk/client-elastic-load-balancing-v2';

/** A target group and its weight, 0 to 999, as a forward action has them. */
export interface WeightedGroup {
  arn: string;
  weight: number;
}

/** The action that forwards, if there is one; before it there may be others, which authenticate. */
export const forwardOf = (actions: readonly Action[]): Action | undefined =>
  actions.find(({ Type }) => Type === 'forward');

/** The groups of a forward action. A group without a weight has 1, as for AWS. */
export function groupsOf({ ForwardConfig, TargetGroupArn }: Action): WeightedGroup[] {
  const given: TargetGroupTuple[] = ForwardConfig?.TargetGroups ?? [];
  const groups = given.length > 0 ? given : [{ TargetGroupArn, Weight: 1 }];
  return groups.flatMap(({ TargetGroupArn: arn, Weight: weight = 1 }) =>
    arn === undefined ? [] : [{ arn, weight }],
  );
}

/** How many requests in a hundred a group gets. */
export function percentOf(groups: readonly WeightedGroup[], arn: string): number {
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  const own = groups.find((one) => one.arn === arn)?.weight ?? 0;
  return total === 0 ? 0 : Math.round((own / total) * 100);
}

export const busyGroups = (groups: readonly WeightedGroup[]): string[] =>
  groups.filter(({ weight }) => weight > 0).map(({ arn }) => arn);

/** `percent` of the requests to green, the rest to blue. Further groups stay in the list; they have no weight. */
export function splitGroups(
  groups: readonly WeightedGroup[],
  blue: string,
  green: string,
  percent: number,
): WeightedGroup[] {
  const others = groups.filter(({ arn }) => arn !== blue && arn !== green);
  return [{ arn: blue, weight: 100 - percent }, { arn: green, weight: percent }, ...others];
}

/** Green's weight given back to blue; what others put beside them stays. */
export function withoutGreen(groups: readonly WeightedGroup[], blue: string, green: string): WeightedGroup[] {
  const weightOf = (arn: string) => groups.find((one) => one.arn === arn)?.weight ?? 0;
  const others = groups.filter(({ arn }) => arn !== blue && arn !== green);
  if (busyGroups(others).length === 0) return splitGroups(groups, blue, green, 0);
  return [
    { arn: blue, weight: Math.min(999, weightOf(blue) + weightOf(green)) },
    { arn: green, weight: 0 },
    ...others,
  ];
}

export const sameGroups = (one: readonly WeightedGroup[], other: readonly WeightedGroup[]): boolean =>
  one.length === other.length &&
  one.every(({ arn, weight }) => other.some((twin) => twin.arn === arn && twin.weight === weight));

/** A target group by name, as people know it: the last but one part of its ARN. */
export const groupName = (arn: string): string => arn.split('/').at(-2) ?? arn;

/** A target group as CloudWatch's dimension TargetGroup has it: the last part of its ARN, `targetgroup/<name>/<id>`. */
export const groupDimension = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1);

/** In words: `blue 90, green 10`. */
export const groupsInWords = (groups: readonly WeightedGroup[]): string =>
  groups.map(({ arn, weight }) => `${groupName(arn)} ${weight}`).join(', ');

/**
 * The actions with other groups to forward to; stickiness and every other action stay. What AWS shows twice is given once,
 * and a secret that it does not show is kept.
 */
export function forwardingTo(actions: readonly Action[], groups: readonly WeightedGroup[]): Action[] {
  return actions.map((action): Action => {
    if (action.Type === 'authenticate-oidc' && action.AuthenticateOidcConfig?.ClientSecret === undefined) {
      const config = action.AuthenticateOidcConfig;
      return config === undefined
        ? action
        : { ...action, AuthenticateOidcConfig: { ...config, UseExistingClientSecret: true } };
    }
    if (action.Type !== 'forward') return action;
    const { TargetGroupArn: _once, ...rest } = action;
    const TargetGroups = groups.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight }));
    return { ...rest, ForwardConfig: { ...action.ForwardConfig, TargetGroups } };
  });
}

/** A header that sends a request to green. */
export interface HeaderMatch {
  name: string;
  value: string;
}

/** The conditions of the rule beside which a canary stands, and the header. */
export function canaryConditions(
  conditions: readonly RuleCondition[],
  { name, value }: HeaderMatch,
): RuleCondition[] {
  const header = { HttpHeaderName: name, Values: [value] };
  return [...conditions.map(givenOnce), { Field: 'http-header', HttpHeaderConfig: header }];
}

/** AWS shows the values of a condition in its old form and its new one, and takes one of them. */
function givenOnce(condition: RuleCondition): RuleCondition {
  const configured = Object.entries(condition).some(
    ([name, value]) => name.endsWith('Config') && value !== undefined,
  );
  if (!configured) return condition;
  const { Values: _old, ...rest } = condition;
  return rest;
}

/** The header that a canary's rule asks for besides the conditions of the rule beside which it stands. */
export function headerOf(
  { Conditions = [] }: Rule,
  beside: readonly RuleCondition[],
): HeaderMatch | undefined {
  const matches = (conditions: readonly RuleCondition[]) =>
    conditions.flatMap(({ HttpHeaderConfig: header }): HeaderMatch[] => {
      const [value] = header?.Values ?? [];
      return header?.HttpHeaderName === undefined || value === undefined
        ? []
        : [{ name: header.HttpHeaderName, value }];
    });
  const others = matches(beside);
  return matches(Conditions).find((one) => !others.some((other) => sameHeader(one, other)));
}

export const sameHeader = (one: HeaderMatch, other: HeaderMatch): boolean =>
  one.name.toLowerCase() === other.name.toLowerCase() && one.value === other.value;

/** The greatest priority that a rule may have. */
const lastPriority = 50_000;

/**
 * A free priority for a canary's rule, so that it takes nothing from other rules: directly above its own rule and its
 * sisters, or below all rules where its own is the default. Undefined when that place is taken.
 */
export function canaryPriority(
  own: number | 'default',
  taken: readonly number[],
  sisters: readonly number[],
): number | undefined {
  if (own === 'default') {
    const next = Math.max(0, ...taken) + 1;
    return next <= lastPriority ? next : undefined;
  }
  let next = own - 1;
  while (sisters.includes(next)) next -= 1;
  return next >= 1 && !taken.includes(next) ? next : undefined;
}
