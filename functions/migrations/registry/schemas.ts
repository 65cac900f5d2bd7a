import { z } from 'zod';
import { pageOf, pageQuery } from '#platform/page.ts';
import { SchemaDifference } from './report.ts';
import { SchemaShape } from './shape.ts';

const Time = z.iso.datetime();
const schemaName = z.string().min(1).max(63);
const Schema = schemaName.optional().describe("The database's own when absent");

/** Where a version of a schema came from. */
export const VersionSource = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('baseline') }),
    z.strictObject({ kind: z.literal('drift_accepted') }),
    z.strictObject({ kind: z.literal('import'), tool: z.string(), applied: z.int() }),
    z.strictObject({
      kind: z.literal('migration'),
      migration: z.string(),
      name: z.string(),
      outcome: z.enum(['completed', 'rolled_back', 'undone', 'removed']),
    }),
  ])
  .meta({ id: 'VersionSource' });
export type VersionSource = z.infer<typeof VersionSource>;

export const SchemaVersion = z
  .strictObject({
    number: z.int(),
    schema: z.string(),
    hash: z.string().describe('Equal for equal schemas'),
    source: VersionSource,
    at: Time,
    by: z.string(),
    objects: z.int(),
  })
  .meta({ id: 'SchemaVersion' });
export type SchemaVersion = z.infer<typeof SchemaVersion>;
export const SchemaVersionPage = pageOf(SchemaVersion).meta({ id: 'SchemaVersionPage' });
export const SchemaVersionDetail = SchemaVersion.extend({ shape: SchemaShape }).meta({
  id: 'SchemaVersionDetail',
});

/** What differs from the last version and no migration made. */
export const Drift = z
  .strictObject({
    schema: z.string(),
    version: z.int().describe('The last version, with which the schema was compared'),
    checkedAt: Time,
    since: Time.nullable().describe('When a difference was first seen; null when there is none'),
    difference: SchemaDifference.nullable(),
  })
  .meta({ id: 'Drift' });
export type Drift = z.infer<typeof Drift>;

export const ofSchema = z.strictObject({ schema: Schema });
export const versionsQuery = pageQuery.extend({ schema: Schema });
const VersionNumber = z.coerce.number().int().min(1).max(9_999_999_999);
export const versionParam = VersionNumber;
export const betweenQuery = z.strictObject({ schema: Schema, from: VersionNumber, to: VersionNumber });
export const CheckDrift = z.strictObject({ schema: Schema }).meta({ id: 'CheckDrift' }).prefault({});
