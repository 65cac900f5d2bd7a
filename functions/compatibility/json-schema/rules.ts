import type { Level } from '../changes.ts';

export interface Kind {
  /** The rule when documents that were valid are so no more, and when it is said of them. */
  narrowed: { rule: string; when: string };
  /** The rule when documents are valid that were not. */
  widened: { rule: string; when: string };
  /** What to do where it breaks somebody. */
  remedy: string;
}

const later = 'Bring it as a new version of the contract, and keep the old one while it is used.';

/** What may differ between two schemas. A rule's name is one of these behind `request-`, `response-`, `consumed-event-` or `published-event-`. */
export const kinds = {
  type: {
    narrowed: { rule: 'type-narrowed', when: 'A type is no longer allowed' },
    widened: { rule: 'type-widened', when: 'A type is allowed that was not' },
    remedy: 'Keep the type and add a field of the new one.',
  },
  null: {
    narrowed: { rule: 'became-not-nullable', when: '`null` is no longer allowed' },
    widened: { rule: 'became-nullable', when: '`null` is allowed and was not' },
    remedy: 'In what is taken read null as the default; in what is given leave nothing null.',
  },
  'enum-value': {
    narrowed: { rule: 'enum-value-removed', when: 'A value is no longer allowed' },
    widened: { rule: 'enum-value-added', when: 'A value is allowed that was not' },
    remedy: 'In what is taken keep the value; in what is given send it only to those who asked for it.',
  },
  enum: {
    narrowed: { rule: 'enum-introduced', when: 'Only certain values are allowed now' },
    widened: { rule: 'enum-dropped', when: 'Other values than certain ones are allowed now' },
    remedy: 'Leave the set of values as open or as closed as it was.',
  },
  minimum: {
    narrowed: { rule: 'minimum-raised', when: 'The smallest number is greater' },
    widened: { rule: 'minimum-lowered', when: 'The smallest number is less' },
    remedy: later,
  },
  maximum: {
    narrowed: { rule: 'maximum-lowered', when: 'The greatest number is less' },
    widened: { rule: 'maximum-raised', when: 'The greatest number is greater' },
    remedy: later,
  },
  'multiple-of': {
    narrowed: { rule: 'multiple-of-narrowed', when: 'Numbers have to be multiples of more' },
    widened: { rule: 'multiple-of-widened', when: 'Numbers have to be multiples of less' },
    remedy: later,
  },
  'min-length': {
    narrowed: { rule: 'min-length-raised', when: 'Texts have to be longer' },
    widened: { rule: 'min-length-lowered', when: 'Texts may be shorter' },
    remedy: later,
  },
  'max-length': {
    narrowed: { rule: 'max-length-lowered', when: 'Texts have to be shorter' },
    widened: { rule: 'max-length-raised', when: 'Texts may be longer' },
    remedy: later,
  },
  pattern: {
    narrowed: { rule: 'pattern-added', when: 'Texts have to match a pattern that they had not' },
    widened: { rule: 'pattern-removed', when: 'Texts no longer have to match a pattern' },
    remedy: 'Change a pattern only so that it allows more of what is taken, or less of what is given.',
  },
  format: {
    narrowed: { rule: 'format-added', when: 'Texts have to be of a format that they had not' },
    widened: { rule: 'format-removed', when: 'Texts no longer have to be of a format' },
    remedy: 'Keep the format and add a field of the new one.',
  },
  'min-items': {
    narrowed: { rule: 'min-items-raised', when: 'Lists have to be longer' },
    widened: { rule: 'min-items-lowered', when: 'Lists may be shorter' },
    remedy: later,
  },
  'max-items': {
    narrowed: { rule: 'max-items-lowered', when: 'Lists have to be shorter' },
    widened: { rule: 'max-items-raised', when: 'Lists may be longer' },
    remedy: later,
  },
  'unique-items': {
    narrowed: { rule: 'unique-items-added', when: 'Items have to differ from one another' },
    widened: { rule: 'unique-items-removed', when: 'Items may be equal' },
    remedy: later,
  },
  'min-properties': {
    narrowed: { rule: 'min-properties-raised', when: 'Objects need more properties' },
    widened: { rule: 'min-properties-lowered', when: 'Objects need fewer properties' },
    remedy: later,
  },
  'max-properties': {
    narrowed: { rule: 'max-properties-lowered', when: 'Objects may have fewer properties' },
    widened: { rule: 'max-properties-raised', when: 'Objects may have more properties' },
    remedy: later,
  },
  'property-names': {
    narrowed: { rule: 'property-names-narrowed', when: 'Names of properties are no longer allowed' },
    widened: { rule: 'property-names-widened', when: 'Names of properties are allowed that were not' },
    remedy: later,
  },
  required: {
    narrowed: { rule: 'property-became-required', when: 'A property that could be left out has to be there' },
    widened: { rule: 'property-became-optional', when: 'A property that was always there may be left out' },
    remedy: 'In what is taken put a default in its place; in what is given always send it.',
  },
  'required-undeclared': {
    narrowed: { rule: 'property-required-added', when: 'A property that was not spoken of has to be there' },
    widened: {
      rule: 'property-required-removed',
      when: 'A property that was always there is no longer spoken of',
    },
    remedy:
      'In what is taken make it optional with a default; in what is given keep it until nobody reads it.',
  },
  'property-optional': {
    narrowed: {
      rule: 'property-optional-added',
      when: 'An open object declares a property that it had not; nobody is taken to have sent something else under the name',
    },
    widened: {
      rule: 'property-optional-removed',
      when: 'An open object no longer declares a property that could be left out',
    },
    remedy: 'In what is taken go on reading it; in what is given go on sending it until nobody reads it.',
  },
  'property-refused': {
    narrowed: {
      rule: 'property-refused',
      when: 'A property is no longer allowed in an object that is closed',
    },
    widened: { rule: 'property-allowed', when: 'A property is allowed in an object that was closed to it' },
    remedy: 'In what is taken go on allowing it; in what is given leave objects open from the beginning.',
  },
  closed: {
    narrowed: { rule: 'object-closed', when: 'An object no longer allows properties that it does not name' },
    widened: {
      rule: 'object-opened',
      when: 'An object allows properties that it does not name, and did not',
    },
    remedy: 'Leave objects open: those who read take what they know.',
  },
  dependent: {
    narrowed: { rule: 'dependent-required-added', when: 'A property has to be there whenever another is' },
    widened: {
      rule: 'dependent-required-removed',
      when: 'A property may be left out though another is there',
    },
    remedy: later,
  },
  alternative: {
    narrowed: { rule: 'alternative-removed', when: 'One of several forms is no longer allowed' },
    widened: { rule: 'alternative-added', when: 'A form is allowed that was not' },
    remedy: 'In what is taken keep the form; in what is given send it only to those who asked for it.',
  },
  refused: {
    narrowed: {
      rule: 'document-refused',
      when: 'A keyword differs that is not compared, and a document was found that is no longer allowed',
    },
    widened: {
      rule: 'document-accepted',
      when: 'A keyword differs that is not compared, and a document was found that is allowed and was not',
    },
    remedy: later,
  },
  'not-compared': {
    narrowed: {
      rule: 'not-compared',
      when: 'A keyword differs that is not compared (`not`, `if`, `contains`, `dependentSchemas`, `unevaluated…`, overlapping `oneOf`, references to other documents), or the schemas are too large',
    },
    widened: { rule: 'not-compared', when: 'The same in the other direction' },
    remedy: 'Compare both by hand, or say it with keywords that are compared.',
  },
} as const satisfies Record<string, Kind>;
export type KindName = keyof typeof kinds;

/**
 * How bad it is. Where documents come from the consumer, `narrowed` breaks it, and where they go to it, `widened` does.
 * The rest is information, but for what somebody sends in vain or may have read.
 */
export function levelOf(kind: KindName, way: 'narrowed' | 'widened', role: 'accepts' | 'promises'): Level {
  if (kind === 'not-compared') return 'warning';
  if (kind === 'property-optional') return way === 'widened' ? 'warning' : 'info';
  if (kind === 'required-undeclared' && way === 'widened' && role === 'accepts') return 'warning';
  return (way === 'narrowed') === (role === 'accepts') ? 'breaking' : 'info';
}
