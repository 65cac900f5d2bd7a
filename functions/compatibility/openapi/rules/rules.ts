import type { Change } from '../../changes.ts';
import { kinds } from '../../json-schema/rules.ts';
import { lifecycleRules } from './lifecycle.ts';
import { noteRules } from './notes.ts';
import { requestRules } from './requests.ts';
import { outgoingRules, responseRules } from './responses.ts';
import { securityRules, wholeRules } from './whole.ts';

/** Changes of an OpenAPI description that are none of a schema. Names that oasdiff has, too, mean what they mean there. */
export const openApiRules = {
  ...lifecycleRules,
  ...requestRules,
  ...responseRules,
  ...noteRules,
  ...securityRules,
  ...wholeRules,
  ...outgoingRules,
};
export type OpenApiRule = keyof typeof openApiRules;

/** Where schemas stand in a description, as the beginning of their rules' names, and which way their documents go. */
export const schemaPrefixes = {
  request: 'accepts',
  'request-parameter': 'accepts',
  response: 'promises',
  'response-header': 'promises',
  'webhook-request': 'promises',
  'webhook-response': 'accepts',
  'callback-request': 'promises',
  'callback-response': 'accepts',
} as const;
export type SchemaPrefix = keyof typeof schemaPrefixes;

/** All rules that a comparison of OpenAPI descriptions may tell. */
export function* openApiRuleNames(): Generator<string> {
  yield* Object.keys(openApiRules);
  for (const prefix of Object.keys(schemaPrefixes)) {
    for (const { narrowed, widened } of Object.values(kinds)) {
      yield `${prefix}-${narrowed.rule}`;
      yield `${prefix}-${widened.rule}`;
    }
  }
}

/** A change by a rule of this list: its level, direction and remedy are the rule's. */
export function changeBy(
  rule: OpenApiRule,
  found: Pick<Change, 'place' | 'pointer' | 'message'> & { example?: Change['example'] },
): Change {
  const { level, direction, remedy } = openApiRules[rule];
  const { example, ...rest } = found;
  return { rule, level, direction, ...rest, ...(example && { example }), remedy };
}
