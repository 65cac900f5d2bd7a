import { z } from 'zod';

/**
 * What a version schema shows: the logical tables in change and where their columns physically are, in the version's
 * own order. Kept in the target in theseus.versions (schema, version, parent, migration, mapping, state), written at
 * publish: the newest version that stands is what introspection reads for the next migration.
 */
export const VersionMapping = z.strictObject({
  tables: z.array(
    z.strictObject({
      name: z.string(),
      physical: z.string(),
      columns: z.array(
        z.strictObject({
          name: z.string(),
          physical: z.string(),
          /** Default that only the version's view gives, SQL. */
          default: z.string().optional(),
        }),
      ),
    }),
  ),
  /** Physical names of tables that stand and that the version does not show: dropped, not yet removed. */
  hiddenTables: z.array(z.string()).default([]),
});
export type VersionMapping = z.infer<typeof VersionMapping>;

/** `published`: clients may use it. `removed`: its views are gone, its names live on in the version after it. */
export const VersionState = z.enum(['published', 'removed']);
