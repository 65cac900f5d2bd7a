import { z } from 'zod';

/** Tools whose table of applied migrations can be read. */
export const importTools = ['flyway', 'liquibase', 'prisma', 'drizzle', 'pgroll'] as const;
export const ImportTool = z.enum(importTools);
export type ImportTool = z.infer<typeof ImportTool>;

/** A migration in the tool's own table, by the id that its file has too. */
export const AppliedMigration = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** By the tool's own algorithm; null when it keeps none, or none that can be repeated here. */
  checksum: z.string().nullable(),
  state: z.enum(['applied', 'failed']),
  /** False for what has no file: a baseline, a migration in code, changes that the tool saw others make. */
  hasFile: z.boolean(),
  at: z.string().nullable(),
});
export type AppliedMigration = z.infer<typeof AppliedMigration>;

/** A migration's file, in the tool's order. */
export const MigrationFileEntry = z
  .strictObject({
    id: z.string().min(1).max(1_000),
    name: z.string().max(1_000),
    path: z.string().max(1_000),
    checksum: z.string().max(100).nullable(),
    /** Run again whenever it changes: being another one is no fault. */
    repeatable: z.boolean(),
  })
  .meta({ id: 'MigrationFileEntry' });
export type MigrationFileEntry = z.infer<typeof MigrationFileEntry>;

export const OutOfOrder = z.enum(['refuse', 'warn', 'allow']);
export type OutOfOrder = z.infer<typeof OutOfOrder>;

export const ImportState = z.enum(['applied', 'pending', 'missing', 'changed', 'out_of_order', 'failed']);

export const ImportedMigration = z.strictObject({
  id: z.string(),
  name: z.string(),
  path: z.string().nullable(),
  state: ImportState,
  verified: z.boolean().describe('The file has the checksum that the tool kept'),
  at: z.string().nullable(),
});
export type ImportedMigration = z.infer<typeof ImportedMigration>;

export const ImportReport = z
  .strictObject({
    tool: ImportTool,
    migrations: z.array(ImportedMigration),
    problems: z.array(z.string()).describe('Why the history is not taken over; empty when it is'),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'ImportReport' });
export type ImportReport = z.infer<typeof ImportReport>;

export const NewImport = z
  .strictObject({
    tool: ImportTool,
    schema: z.string().min(1).max(63).optional().describe("The database's own when absent"),
    files: z.array(MigrationFileEntry).max(5_000).nullable().describe('Null: nothing to compare with'),
    outOfOrder: OutOfOrder.default('refuse'),
  })
  .meta({ id: 'NewImport' });
export type NewImport = z.infer<typeof NewImport>;

export const Imported = ImportReport.extend({
  version: z
    .int()
    .nullable()
    .describe('The version of the schema that the history led to; null when refused'),
}).meta({ id: 'Imported' });
export type Imported = z.infer<typeof Imported>;
