import type { Difference } from './differences.ts';
import type { Complaint } from './interpreter.ts';
import type { KindName } from './rules.ts';
import type { Samples } from './sample.ts';
import { problemText, type Validate } from './validator.ts';

/** A document and what the side says that refuses it. */
export interface Witness {
  document: unknown;
  reason: string;
}

/** So many values of one place are tried. */
const MOST = 60;

/**
 * A document that `accepted` takes and `refused` does not, because of `difference`: both are asked, so that it is proved.
 * Undefined when none of those that were tried is.
 */
export function witnessOf(
  difference: Difference,
  samples: Samples,
  accepted: Validate,
  refused: Validate,
): Witness | undefined {
  let another: Witness | undefined;
  for (const value of difference.values().slice(0, MOST)) {
    const document = around(difference, samples, value);
    const errors = document === undefined ? undefined : proof(document, accepted, refused);
    if (!errors) continue;
    const own = errors.find((error) => keywords[difference.kind]?.includes(error.keyword));
    if (own) return { document, reason: problemText(own) };
    another ??= { document, reason: problemText(errors[0]) };
  }
  return another;
}

/** What a validator complains of where a difference of the kind is what it refuses: of two examples the plainer one is shown. */
const keywords: Partial<Record<KindName, readonly string[]>> = {
  type: ['type'],
  null: ['type'],
  'enum-value': ['enum', 'const'],
  enum: ['enum', 'const'],
  minimum: ['minimum', 'exclusiveMinimum'],
  maximum: ['maximum', 'exclusiveMaximum'],
  'multiple-of': ['multipleOf'],
  'min-length': ['minLength'],
  'max-length': ['maxLength'],
  pattern: ['pattern'],
  format: ['format'],
  'min-items': ['minItems'],
  'max-items': ['maxItems', 'items', 'additionalItems', 'false schema'],
  'unique-items': ['uniqueItems'],
  'min-properties': ['minProperties'],
  'max-properties': ['maxProperties'],
  'property-names': ['propertyNames'],
  required: ['required'],
  'required-undeclared': ['required'],
  'property-refused': ['additionalProperties', 'false schema'],
  closed: ['additionalProperties', 'false schema'],
  dependent: ['dependentRequired', 'dependencies'],
};

/** The smallest document that has `value` at the difference's place. */
function around(difference: Difference, samples: Samples, value: unknown): unknown {
  return difference.trail.reduceRight<unknown>((inner, { alternative, property, item }) => {
    if (inner === undefined) return undefined;
    if (property !== undefined)
      return samples.ofAlternative(alternative, { properties: { [property]: inner } })[0];
    return item === undefined
      ? undefined
      : samples.ofAlternative(alternative, { items: { [item]: inner } })[0];
  }, value);
}

/** What `refused` says against a document that `accepted` takes; undefined when it proves nothing. */
function proof(document: unknown, accepted: Validate, refused: Validate): readonly Complaint[] | undefined {
  try {
    if (accepted(document).length > 0) return undefined;
    const complaints = refused(document);
    return complaints.length > 0 ? complaints : undefined;
  } catch {
    // A schema that leads back to itself without an end: nothing is proved.
    return undefined;
  }
}
