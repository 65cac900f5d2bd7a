import { z } from 'zod';
import { pageOf, pageQuery } from '#platform/page.ts';
import { DatabaseRef } from '../databases/schemas.ts';
import { BackupPurpose, MigrationId } from '../schemas.ts';

export const BackupId = z
  .string()
  .regex(/^bak_[A-Za-z0-9]{1,40}_[0-9a-f]{10}$/, 'expected an id such as bak_0f6e12ab_0123456789');
const Time = z.iso.datetime();
const name = z.string().min(1).max(63);

/** Rows that were kept before they went away. */
export const Backup = z
  .strictObject({
    id: BackupId,
    migration: z.strictObject({ id: MigrationId, name: z.string() }),
    database: z.strictObject({ id: z.string(), name: z.string() }),
    purpose: BackupPurpose,
    schema: z.string(),
    table: z.string(),
    columns: z.array(z.string()).describe('Of every row, in order'),
    key: z.array(z.string()).describe('The columns by which rows can be chosen'),
    rows: z.int(),
    bytes: z.int().describe('Compressed'),
    parts: z.int(),
    location: z.string().describe('Folder in the artifacts bucket; its manifest.json names every part'),
    at: Time,
    status: z.enum(['kept', 'damaged', 'deleting', 'deleted']),
    keptUntil: Time.nullable().describe('Deleted from then on; null: until somebody deletes it'),
    verified: z
      .strictObject({ at: Time, damage: z.string().nullable() })
      .nullable()
      .describe('What the last reading of every row found'),
    deletion: z.strictObject({ by: z.string(), at: Time, reason: z.string() }).nullable(),
  })
  .meta({ id: 'Backup' });
export type Backup = z.infer<typeof Backup>;
export const BackupPage = pageOf(Backup).meta({ id: 'BackupPage' });
export const BackupQuery = pageQuery.extend({ database: DatabaseRef.optional() });

const Key = z.array(z.string().max(1_000)).min(1).max(32);
export const RestoreRows = z
  .strictObject({
    table: name.describe('A table that does not exist: it is made'),
    schema: name.optional().describe('The schema to make it in; that of the migration when absent'),
    keys: z.array(Key).min(1).max(1_000).optional().describe('Only the rows of these keys'),
    from: Key.optional().describe('Only rows from this key on'),
    to: Key.optional().describe('Only rows up to this key, which is included'),
  })
  .refine(({ keys, from, to }) => keys === undefined || (from === undefined && to === undefined), {
    error: 'expected either keys, or from and to',
    path: ['keys'],
  })
  .meta({ id: 'RestoreRows' });
export type RestoreRows = z.infer<typeof RestoreRows>;
export const RestoredRows = z
  .strictObject({ schema: z.string(), table: z.string(), columns: z.array(z.string()), rows: z.int() })
  .meta({ id: 'RestoredRows' });
export type RestoredRows = z.infer<typeof RestoredRows>;

export const VerifiedBackup = z
  .strictObject({ rows: z.int(), parts: z.int() })
  .meta({ id: 'VerifiedBackup' });
export type VerifiedBackup = z.infer<typeof VerifiedBackup>;

/** Work on a backup that takes longer than the API can wait. */
export const GoesOn = z.strictObject({ events: z.string() }).meta({ id: 'GoesOn' });

const Reason = z.string().trim().min(3).max(2_000).describe('Kept in the history');
export const KeepBackup = z
  .strictObject({
    until: Time.nullable().describe('Null: until somebody deletes it'),
    reason: Reason,
  })
  .meta({ id: 'KeepBackup' });
export type KeepBackup = z.infer<typeof KeepBackup>;
export const DeleteBackup = z.strictObject({ reason: Reason }).meta({ id: 'DeleteBackup' });
