import { z } from 'zod';
import { isPrototypeName, Json } from './json.ts';

/** An attribute of the context; dots lead into objects: `user.country`. */
export const Attribute = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/,
    'Expected the name of an attribute: letters, digits, dots, dashes; at most 128',
  )
  .refine((name) => !name.split('.').some(isPrototypeName), 'Expected a name that not every object has');

const Scalar = z.union([z.string().max(1_000), z.number(), z.boolean()]);
const about = { attribute: Attribute };

/** A question to the context of who asks. */
const Comparison = z.discriminatedUnion('operator', [
  z.strictObject({ ...about, operator: z.enum(['exists', 'not_exists']) }),
  z.strictObject({ ...about, operator: z.enum(['equals', 'not_equals']), value: Scalar }),
  z.strictObject({ ...about, operator: z.enum(['in', 'not_in']), values: z.array(Scalar).min(1).max(5_000) }),
  z.strictObject({ ...about, operator: z.literal('contains'), value: z.string().min(1).max(1_000) }),
  z.strictObject({
    ...about,
    operator: z.enum(['starts_with', 'ends_with']),
    value: z.string().min(1).max(1_000),
  }),
  z.strictObject({
    ...about,
    operator: z.enum(['greater', 'greater_or_equal', 'less', 'less_or_equal']),
    value: z.number(),
  }),
  z.strictObject({
    ...about,
    operator: z.literal('version'),
    value: z
      .string()
      .regex(
        /^(=|!=|<|<=|>|>=|\^|~)\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/,
        'Expected an operator and a version: >=1.4.0, ^2.0.0, ~1.2.0',
      ),
  }),
]);
export type Comparison = z.infer<typeof Comparison>;

export type Condition =
  | Comparison
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | { jsonlogic: Json };

/** When a rule is about somebody. */
export const Condition: z.ZodType<Condition> = z
  .lazy(() =>
    z.union([
      Comparison,
      z.strictObject({ all: z.array(Condition).min(1).max(100) }),
      z.strictObject({ any: z.array(Condition).min(1).max(100) }),
      z.strictObject({ not: Condition }),
      z.strictObject({ jsonlogic: Json.describe('As flagd takes it') }),
    ]),
  )
  .meta({ id: 'FlagCondition' });

const attribute = (name: string): Json => ({ var: name });
const isThere = (name: string): Json => ({ '!==': [attribute(name), null] });
const symbols = { greater: '>', greater_or_equal: '>=', less: '<', less_or_equal: '<=' } as const;

function comparisonLogic(comparison: Comparison): Json {
  const it = attribute(comparison.attribute);
  switch (comparison.operator) {
    case 'exists':
      return isThere(comparison.attribute);
    case 'not_exists':
      return { '===': [it, null] };
    case 'equals':
      return { '===': [it, comparison.value] };
    case 'not_equals':
      return { '!==': [it, comparison.value] };
    case 'in':
      return { in: [it, comparison.values] };
    case 'not_in':
      return { '!': [{ in: [it, comparison.values] }] };
    case 'contains':
      return { in: [comparison.value, it] };
    case 'starts_with':
      return { starts_with: [it, comparison.value] };
    case 'ends_with':
      return { ends_with: [it, comparison.value] };
    case 'version': {
      const [, operator = '=', version = ''] = /^([^\d]+)(.*)$/.exec(comparison.value) ?? [];
      return { sem_ver: [it, operator, version] };
    }
    default:
      // JSONLogic takes what is not there for 0, and readers fail of words that are compared with a number.
      return {
        and: [
          isThere(comparison.attribute),
          { '!==': [{ cat: [it] }, it] },
          { [symbols[comparison.operator]]: [it, comparison.value] },
        ],
      };
  }
}

/** A condition in JSONLogic, as flagd evaluates it. */
export function conditionLogic(condition: Condition): Json {
  if ('all' in condition) return { and: condition.all.map(conditionLogic) };
  if ('any' in condition) return { or: condition.any.map(conditionLogic) };
  if ('not' in condition) return { '!': [conditionLogic(condition.not)] };
  if ('jsonlogic' in condition) return condition.jsonlogic;
  return comparisonLogic(condition);
}
