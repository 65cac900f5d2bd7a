import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * The shape of a schema is a flat list of objects, each known by its kind, its table and its name, so that two shapes are
 * compared and brought together object by object. Columns have the names that clients of the newest published version
 * use; what stands in the table and that version does not show (kept for an undo, or
 * added past it) is a `kept_column`.
 */
export const SchemaObject = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('table'),
      name: z.string(),
      /** `PARTITION BY …` of a partitioned table, `PARTITION OF …` of a partition, or null. */
      partition: z.string().nullable(),
      foreign: z.boolean(),
      rowSecurity: z.enum(['off', 'on', 'forced']),
    }),
    z.strictObject({
      kind: z.enum(['column', 'kept_column']),
      table: z.string(),
      name: z.string(),
      type: z.string(),
      notNull: z.boolean(),
      default: z.string().nullable(),
      /** `ALWAYS`, `BY DEFAULT` or null. */
      identity: z.string().nullable(),
      /** The expression of a generated column, with STORED or VIRTUAL. */
      generated: z.string().nullable(),
    }),
    z.strictObject({
      kind: z.literal('constraint'),
      table: z.string(),
      name: z.string(),
      type: z.enum(['primary_key', 'unique', 'check', 'foreign_key', 'exclude']),
      definition: z.string(),
    }),
    z.strictObject({
      kind: z.literal('index'),
      table: z.string(),
      name: z.string(),
      unique: z.boolean(),
      definition: z.string(),
    }),
    z.strictObject({
      kind: z.enum(['trigger', 'policy']),
      table: z.string(),
      name: z.string(),
      definition: z.string(),
    }),
    z.strictObject({
      kind: z.literal('view'),
      name: z.string(),
      materialized: z.boolean(),
      definition: z.string(),
    }),
    z.strictObject({ kind: z.literal('enum'), name: z.string(), values: z.array(z.string()) }),
    z.strictObject({ kind: z.enum(['domain', 'sequence']), name: z.string(), definition: z.string() }),
  ])
  .meta({ id: 'SchemaObject' });
export type SchemaObject = z.infer<typeof SchemaObject>;
export type ObjectKind = SchemaObject['kind'];
type With<O, K> = O extends { kind: infer Kinds } ? (K extends Kinds ? O : never) : never;
export type ObjectOf<K extends ObjectKind> = With<SchemaObject, K>;

export const SchemaShape = z.strictObject({
  schema: z.string(),
  /** server_version_num, for example 180004. */
  serverVersion: z.int(),
  objects: z.array(SchemaObject),
});
export type SchemaShape = z.infer<typeof SchemaShape>;

/** The table an object hangs on; null for what stands by itself. */
export const tableOf = (object: SchemaObject): string | null => ('table' in object ? object.table : null);

/** Tells the objects of one shape apart. */
export const objectKey = (object: SchemaObject): string =>
  JSON.stringify([object.kind, tableOf(object), object.name]);

/** An object as text in which the order of its fields says nothing. */
export const canonical = (object: SchemaObject): string =>
  JSON.stringify(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Sha-256 of what the schema is, whatever order its objects came in: equal shapes have equal hashes. */
export function shapeHash({ objects }: Pick<SchemaShape, 'objects'>): string {
  return createHash('sha256')
    .update(JSON.stringify(objects.map(canonical).sort()))
    .digest('hex');
}
