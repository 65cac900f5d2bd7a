import { type CfnResource, Stack } from 'aws-cdk-lib';
import { CfnGroup, CfnManagedPolicy, CfnPolicy, CfnRole, CfnUser } from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks, type IApplyRule, NagRuleCompliance, type NagRuleResult } from 'cdk-nag';
import { z } from 'zod';
import { wildcardReasons } from './constructs/statements.ts';

const oneOrMany = z.union([z.string(), z.array(z.unknown())]).transform((value) => [value].flat());
const document = z.looseObject({
  Statement: z.array(
    z.looseObject({
      Sid: z.string().optional(),
      Effect: z.string(),
      Action: oneOrMany,
      // An intrinsic function stands for one resource.
      Resource: z.union([oneOrMany, z.record(z.string(), z.unknown()).transform((value) => [value])]),
    }),
  ),
});
const inline = z.array(z.looseObject({ policyDocument: z.unknown() })).default([]);

/** The policy documents of an identity, resolved as the template will have them. */
function documentsOf(node: CfnResource): unknown[] | undefined {
  const resolve = (value: unknown): unknown => Stack.of(node).resolve(value);
  if (node instanceof CfnRole || node instanceof CfnUser || node instanceof CfnGroup) {
    return inline.parse(resolve(node.policies)).map(({ policyDocument }) => resolve(policyDocument));
  }
  if (node instanceof CfnPolicy || node instanceof CfnManagedPolicy) return [resolve(node.policyDocument)];
  return undefined;
}

/**
 * What an identity may do by wildcard without a reason: any action with `*`, and resources with `*` in a
 * statement whose Sid has no entry in `wildcardReasons`.
 */
export function unexplainedWildcards(documents: unknown[]): string[] {
  return documents.flatMap((each) =>
    document.parse(each).Statement.flatMap(({ Sid, Effect, Action, Resource }) => {
      if (Effect !== 'Allow') return [];
      const actions = Action.filter((action) => JSON.stringify(action).includes('*'));
      const explained = Sid !== undefined && Sid in wildcardReasons;
      const resources = explained ? [] : Resource.filter((one) => JSON.stringify(one).includes('*'));
      return [...actions, ...resources].map((found) => `${Sid ?? 'no Sid'}: ${JSON.stringify(found)}`);
    }),
  );
}

function explainedWildcards(node: CfnResource): NagRuleResult {
  const documents = documentsOf(node);
  if (documents === undefined) return NagRuleCompliance.NOT_APPLICABLE;
  const findings = unexplainedWildcards(documents);
  return findings.length > 0 ? findings : NagRuleCompliance.COMPLIANT;
}

/**
 * AwsSolutions as it is, but for wildcards of identities (IAM5): the pack acknowledges them by the resolved
 * text of each resource, which nobody can keep current; here the statement's Sid has its reason in one list.
 */
export class SolutionsChecks extends AwsSolutionsChecks {
  protected override applyRule(params: IApplyRule): void {
    super.applyRule(params.ruleSuffixOverride === 'IAM5' ? { ...params, rule: explainedWildcards } : params);
  }
}
