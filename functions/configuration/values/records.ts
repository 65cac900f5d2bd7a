import { z } from 'zod';
import { type Content, SealedSecret, StoredValue } from '../schemas.ts';

/**
 * A value as its item holds it. What it says is kept as text: DynamoDB knows neither numbers beyond 38 digits nor
 * objects whose order of fields matters to somebody.
 */
export const ValueRecord = StoredValue.extend({
  schemaVersion: z.literal(1),
  content: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('plain'), text: z.string() }),
      z.strictObject({ kind: z.literal('secret'), sealed: SealedSecret }),
    ])
    .nullable(),
});
export type ValueRecord = z.infer<typeof ValueRecord>;

const packed = (content: Content | null): ValueRecord['content'] =>
  content?.kind === 'plain' ? { kind: 'plain', text: JSON.stringify(content.value) } : content;

const unpacked = (content: ValueRecord['content']): Content | null =>
  content?.kind === 'plain' ? { kind: 'plain', value: JSON.parse(content.text) } : content;

export const recordOf = (value: StoredValue): ValueRecord => ({
  ...value,
  schemaVersion: 1,
  content: packed(value.content),
});

export function storedOf({ schemaVersion: _, ...record }: ValueRecord): StoredValue {
  return { ...record, content: unpacked(record.content) };
}
