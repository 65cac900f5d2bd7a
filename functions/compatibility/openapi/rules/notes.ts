import type { Level } from '../../changes.ts';
import { type Rule, rules } from './rule.ts';

type Row = readonly [level: Level, when: string, remedy?: string];

/** What schemas say beside which documents are valid, the same for what is taken and what is given. */
const both = {
  'property-deprecated': ['info', 'A property is deprecated and was not'],
  'property-reactivated': ['info', 'A property is no longer deprecated'],
  'property-deprecated-sunset-missing': [
    'warning',
    'A property whose `x-stability-level` demands notice is deprecated without a date of sunset',
    'Add `x-sunset` with the day after which it may go.',
  ],
  'property-sunset-parse': [
    'breaking',
    'The `x-sunset` of a deprecated property is no date',
    'Write a date such as 2027-01-31.',
  ],
  'property-sunset-date-too-small': [
    'breaking',
    'The date of sunset of a property is nearer than the notice that is demanded: 31 days in beta, 180 when stable',
    'Choose a later date.',
  ],
  'property-sunset-deleted': [
    'warning',
    'A deprecated property has no date of sunset any more',
    'Keep the date that consumers were told.',
  ],
  'property-sunset-date-changed-too-small': [
    'warning',
    'The date of sunset of a property is an earlier one',
    'Keep the date that consumers were told, or choose a later one.',
  ],
  'property-stability-decreased': [
    'warning',
    'A property is promised to be less stable than it was',
    'Keep the level.',
  ],
  'property-stability-increased': ['info', 'A property is promised to be more stable than it was'],
  'property-became-read-only': ['info', 'A property is no longer sent, only answered'],
  'property-became-not-read-only': ['info', 'A property may be sent that was only answered'],
  'property-became-write-only': ['info', 'A property is no longer answered, only sent'],
  'property-became-not-write-only': ['info', 'A property is answered that was only sent'],
  'body-discriminator-added': [
    'warning',
    'Forms are told apart by a property',
    'Make sure that documents without it are read as before.',
  ],
  'body-discriminator-removed': [
    'warning',
    'Forms are no longer told apart by a property',
    'Go on sending the property.',
  ],
  'body-discriminator-property-name-changed': [
    'breaking',
    'Forms are told apart by another property',
    'Keep the property.',
  ],
  'body-discriminator-mapping-added': ['info', 'A value of the discriminator is new'],
} as const satisfies Record<string, Row>;

const request = rules('request', {
  ...prefixed('request', both),
  'request-property-x-extensible-enum-value-removed': [
    'breaking',
    'A value of `x-extensible-enum` is no longer taken',
    'Go on taking the value.',
  ],
  'request-property-default-value-changed': [
    'warning',
    'Who leaves a property out gets what another default says',
    'Keep the default, and let those who want the other ask for it.',
  ],
  'request-property-default-value-added': ['info', 'A property has a default that had none'],
  'request-property-default-value-removed': [
    'warning',
    'A property has no default any more',
    'Keep the default.',
  ],
  'request-body-discriminator-mapping-deleted': [
    'breaking',
    'A value of the discriminator is no longer known',
    'Go on taking it.',
  ],
  'request-body-discriminator-mapping-changed': [
    'breaking',
    'A value of the discriminator stands for another schema',
    'Bring the other schema under a new value.',
  ],
});
const response = rules('response', {
  ...prefixed('response', both),
  'response-property-x-extensible-enum-value-removed': [
    'info',
    'A value of `x-extensible-enum` is no longer answered',
  ],
  'response-property-default-value-changed': ['info', 'A property of an answer has another default'],
  'response-property-default-value-added': ['info', 'A property of an answer has a default that had none'],
  'response-property-default-value-removed': ['info', 'A property of an answer has no default any more'],
  'response-body-discriminator-mapping-deleted': [
    'info',
    'A value of the discriminator is no longer answered',
  ],
  'response-body-discriminator-mapping-changed': [
    'breaking',
    'A value of the discriminator stands for another schema',
    'Bring the other schema under a new value.',
  ],
});

export type Side = 'request' | 'response';
export type NoteKind =
  | keyof typeof both
  | 'property-x-extensible-enum-value-removed'
  | 'property-default-value-changed'
  | 'property-default-value-added'
  | 'property-default-value-removed'
  | 'body-discriminator-mapping-deleted'
  | 'body-discriminator-mapping-changed';
export const noteRules: Record<`${Side}-${NoteKind}`, Rule> = { ...request, ...response };

function prefixed<P extends Side, N extends string>(
  prefix: P,
  list: Readonly<Record<N, Row>>,
): Record<`${P}-${N}`, Row> {
  const named = Object.entries<Row>(list).map(([name, row]) => [`${prefix}-${name}`, row]);
  // Object.fromEntries knows no names.
  return Object.fromEntries(named) as Record<`${P}-${N}`, Row>;
}
