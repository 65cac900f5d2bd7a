import { z } from 'zod';
import { Definition } from '../schemas.ts';

/** A definition as its item holds it: JSON of others is kept as text. */
export const DefinitionRecord = Definition.omit({ schema: true, default: true }).extend({
  schemaVersion: z.literal(1),
  schemaText: z.string(),
  defaultText: z.string().optional(),
});
export type DefinitionRecord = z.infer<typeof DefinitionRecord>;

export function definitionOf(record: DefinitionRecord): Definition {
  const { schemaVersion: _, schemaText, defaultText, ...rest } = record;
  return {
    ...rest,
    schema: JSON.parse(schemaText),
    ...(defaultText === undefined ? {} : { default: JSON.parse(defaultText) }),
  };
}

export function recordOf({ schema, default: fallback, ...rest }: Definition): DefinitionRecord {
  return {
    ...rest,
    schemaVersion: 1,
    schemaText: JSON.stringify(schema),
    ...(fallback === undefined ? {} : { defaultText: JSON.stringify(fallback) }),
  };
}
