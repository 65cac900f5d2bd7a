import type { TypeOfChangeType } from '@graphql-inspector/core';
import type { Direction, Level } from '../changes.ts';

export interface GraphqlRule {
  /** The levels it may have, the worst first: which one depends on what changed. */
  levels: readonly Level[];
  direction: Direction;
  /** When it is reported. */
  when: string;
  remedy: string;
}

type Lower<Name extends string> = Name extends `${infer A}_${infer B}`
  ? `${Lowercase<A>}-${Lower<B>}`
  : Lowercase<Name>;

/** The id of a rule: the name that `@graphql-inspector/core` gives the change, in kebab case. */
export type InspectorRule = Lower<TypeOfChangeType>;

const none = 'None needed.';
const deprecateFirst =
  'Bring it back, deprecate it with a reason and a date of removal, and remove it when nobody uses it.';
const makeOptional = 'Make it nullable, or give it a default.';
const beside = 'Add another field beside it and deprecate this one.';
const tolerant = 'Make sure that clients have a default for what they do not know.';
const look = 'Look whether it changes what the server does or what tools make of the schema.';

const rule = (
  levels: readonly Level[],
  direction: Direction,
  when: string,
  remedy: string = none,
): GraphqlRule => ({ levels, direction, when, remedy });
const info = (direction: Direction, when: string) => rule(['info'], direction, when);
const usage = (on: string, way: 'added' | 'removed') =>
  rule(
    way === 'added' ? ['breaking', 'warning', 'info'] : ['warning', 'info'],
    'both',
    way === 'added'
      ? `A directive stands on ${on} and did not (\`@oneOf\` breaks, \`@deprecated\` does not)`
      : `A directive no longer stands on ${on}`,
    look,
  );

/** Changes of a GraphQL schema. */
export const graphqlRules = {
  'type-removed': rule(['breaking'], 'both', 'A type is gone', deprecateFirst),
  'type-added': info('both', 'A type is new'),
  'type-kind-changed': rule(
    ['breaking'],
    'both',
    'A type is of another kind',
    'Give the new kind a new name.',
  ),
  'type-description-added': info('both', 'A type has a description'),
  'type-description-changed': info('both', 'The description of a type is another'),
  'type-description-removed': info('both', 'A type has no description any more'),

  'field-removed': rule(['breaking'], 'both', 'A field is gone', deprecateFirst),
  'field-added': info('response', 'A field is new'),
  'field-type-changed': rule(
    ['breaking', 'info'],
    'response',
    'A field is of another type (info: it only says more, as when it is never null now)',
    beside,
  ),
  'field-description-added': info('both', 'A field has a description'),
  'field-description-changed': info('both', 'The description of a field is another'),
  'field-description-removed': info('both', 'A field has no description any more'),
  'field-deprecation-added': info('both', 'A field is deprecated'),
  'field-deprecation-removed': info('both', 'A field is no longer deprecated'),
  'field-deprecation-reason-added': info('both', 'The deprecation of a field has a reason'),
  'field-deprecation-reason-changed': info('both', 'The reason for the deprecation of a field is another'),
  'field-deprecation-reason-removed': info('both', 'The deprecation of a field has no reason any more'),

  'field-argument-added': rule(
    ['breaking', 'warning', 'info'],
    'request',
    'A field has one argument more (breaking: it has to be given; info: the field is new too)',
    makeOptional,
  ),
  'field-argument-removed': rule(['breaking'], 'request', 'An argument is gone', deprecateFirst),
  'field-argument-type-changed': rule(
    ['breaking', 'info'],
    'request',
    'An argument is of another type (info: it takes all that it took)',
    'Add another argument beside it and deprecate this one.',
  ),
  'field-argument-default-changed': rule(
    ['warning'],
    'request',
    'The default of an argument is another',
    'Make sure that clients that leave it out expect the new one.',
  ),
  'field-argument-description-changed': info('request', 'The description of an argument is another'),

  'input-field-removed': rule(['breaking'], 'request', 'A field of an input is gone', deprecateFirst),
  'input-field-added': rule(
    ['breaking', 'warning', 'info'],
    'request',
    'An input has one field more (breaking: it has to be given; info: the input is new too)',
    makeOptional,
  ),
  'input-field-type-changed': rule(
    ['breaking', 'info'],
    'request',
    'A field of an input is of another type (info: it takes all that it took)',
    'Add another field beside it and deprecate this one.',
  ),
  'input-field-default-value-changed': rule(
    ['warning'],
    'request',
    'The default of a field of an input is another',
    'Make sure that clients that leave it out expect the new one.',
  ),
  'input-field-description-added': info('request', 'A field of an input has a description'),
  'input-field-description-changed': info('request', 'The description of a field of an input is another'),
  'input-field-description-removed': info('request', 'A field of an input has no description any more'),

  'enum-value-removed': rule(['breaking'], 'both', 'A value of an enum is gone', deprecateFirst),
  'enum-value-added': rule(['warning', 'info'], 'both', 'An enum has one value more', tolerant),
  'enum-value-description-changed': info('both', 'The description of a value is another'),
  'enum-value-deprecation-reason-added': info('both', 'A value is deprecated with a reason'),
  'enum-value-deprecation-reason-changed': info(
    'both',
    'The reason for the deprecation of a value is another',
  ),
  'enum-value-deprecation-reason-removed': info('both', 'The deprecation of a value has no reason any more'),

  'union-member-removed': rule(
    ['breaking'],
    'response',
    'A type no longer belongs to a union',
    deprecateFirst,
  ),
  'union-member-added': rule(['warning', 'info'], 'response', 'A type belongs to a union', tolerant),
  'object-type-interface-removed': rule(
    ['breaking'],
    'response',
    'A type no longer implements an interface',
    'Go on implementing it.',
  ),
  'object-type-interface-added': rule(
    ['warning', 'info'],
    'response',
    'A type implements an interface',
    tolerant,
  ),

  'schema-query-type-changed': rule(
    ['breaking', 'info'],
    'both',
    'The type of queries is another',
    'Leave the root type as it is.',
  ),
  'schema-mutation-type-changed': rule(
    ['breaking', 'info'],
    'both',
    'The type of mutations is another (info: there was none)',
    'Leave the root type as it is.',
  ),
  'schema-subscription-type-changed': rule(
    ['breaking', 'info'],
    'both',
    'The type of subscriptions is another (info: there was none)',
    'Leave the root type as it is.',
  ),

  'directive-removed': rule(
    ['breaking'],
    'request',
    'A directive is gone',
    'Keep it, even if it does nothing.',
  ),
  'directive-added': info('request', 'A directive is new'),
  'directive-description-changed': info('request', 'The description of a directive is another'),
  'directive-location-removed': rule(
    ['breaking'],
    'request',
    'A directive may no longer stand where it could',
    'Keep the location, even if it does nothing there.',
  ),
  'directive-location-added': info('request', 'A directive may stand at one place more'),
  'directive-repeatable-removed': rule(
    ['breaking'],
    'request',
    'A directive may stand only once where it could be repeated',
    'Keep it repeatable.',
  ),
  'directive-repeatable-added': info('request', 'A directive may be repeated'),
  'directive-argument-added': rule(
    ['breaking', 'info'],
    'request',
    'A directive has one argument more (breaking: it has to be given)',
    makeOptional,
  ),
  'directive-argument-removed': rule(
    ['breaking'],
    'request',
    'An argument of a directive is gone',
    'Keep it, even if it does nothing.',
  ),
  'directive-argument-type-changed': rule(
    ['breaking', 'info'],
    'request',
    'An argument of a directive is of another type (info: it takes all that it took)',
    'Add another argument beside it.',
  ),
  'directive-argument-default-value-changed': rule(
    ['warning'],
    'request',
    'The default of an argument of a directive is another',
    'Make sure that clients that leave it out expect the new one.',
  ),
  'directive-argument-description-changed': info(
    'request',
    'The description of an argument of a directive is another',
  ),

  'directive-usage-schema-added': usage('the schema', 'added'),
  'directive-usage-schema-removed': usage('the schema', 'removed'),
  'directive-usage-object-added': usage('a type', 'added'),
  'directive-usage-object-removed': usage('a type', 'removed'),
  'directive-usage-interface-added': usage('an interface', 'added'),
  'directive-usage-interface-removed': usage('an interface', 'removed'),
  'directive-usage-union-member-added': usage('a union', 'added'),
  'directive-usage-union-member-removed': usage('a union', 'removed'),
  'directive-usage-enum-added': usage('an enum', 'added'),
  'directive-usage-enum-removed': usage('an enum', 'removed'),
  'directive-usage-enum-value-added': usage('a value of an enum', 'added'),
  'directive-usage-enum-value-removed': usage('a value of an enum', 'removed'),
  'directive-usage-scalar-added': usage('a scalar', 'added'),
  'directive-usage-scalar-removed': usage('a scalar', 'removed'),
  'directive-usage-input-object-added': usage('an input', 'added'),
  'directive-usage-input-object-removed': usage('an input', 'removed'),
  'directive-usage-input-field-definition-added': usage('a field of an input', 'added'),
  'directive-usage-input-field-definition-removed': usage('a field of an input', 'removed'),
  'directive-usage-field-added': usage('a field', 'added'),
  'directive-usage-field-removed': usage('a field', 'removed'),
  'directive-usage-field-definition-added': usage('a field', 'added'),
  'directive-usage-field-definition-removed': usage('a field', 'removed'),
  'directive-usage-argument-definition-added': usage('an argument', 'added'),
  'directive-usage-argument-definition-removed': usage('an argument', 'removed'),
  'directive-usage-argument-added': info(
    'both',
    'A directive that stands in the schema has one argument more',
  ),
  'directive-usage-argument-removed': rule(
    ['warning', 'info'],
    'both',
    'A directive that stands in the schema has one argument less',
    look,
  ),
} as const satisfies Record<InspectorRule, GraphqlRule>;

/** What is removed as announced: it was deprecated, its date has come, and nobody is known to use it. */
export const announcedRules = {
  'field-removed-as-announced': rule(
    ['warning'],
    'both',
    'A field is gone that was deprecated until a date that has come, and nobody is known to use it',
    'See that nobody uses it: bring it back if somebody does.',
  ),
  'field-argument-removed-as-announced': rule(
    ['warning'],
    'request',
    'The same of an argument',
    'See that nobody uses it: bring it back if somebody does.',
  ),
  'input-field-removed-as-announced': rule(
    ['warning'],
    'request',
    'The same of a field of an input',
    'See that nobody uses it: bring it back if somebody does.',
  ),
  'enum-value-removed-as-announced': rule(
    ['warning'],
    'both',
    'The same of a value of an enum',
    'See that nobody uses it: bring it back if somebody does.',
  ),
} as const satisfies Record<string, GraphqlRule>;
