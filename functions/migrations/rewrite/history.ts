import { createHash } from 'node:crypto';
import type { OperationOf } from '../file/schema.ts';
import { quoteLiteral } from '../sql/identifiers.ts';

/** Tools whose table of applied migrations can be kept in step. */
export const historyTools = ['prisma', 'drizzle'] as const;
export type HistoryTool = (typeof historyTools)[number];

/** A migration as its tool knows it. */
export interface HistoryEntry {
  /** The tool's name of it: Prisma's folder, Drizzle's tag. */
  name: string;
  /** The file's text, byte for byte: the checksum is of it. */
  text: string;
  /** Drizzle's own time of the migration, epoch milliseconds. */
  when: number;
}

/** SHA-256 of the whole file in hex: what both tools store. */
const checksumOf = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/**
 * An operation that notes the migration as applied in the tool's own table, making it where it does not stand. It runs
 * with expand, so that the tool's command at the start of a new client finds nothing to do; rollback takes it back.
 */
export function historyOperation(tool: HistoryTool, entry: HistoryEntry): OperationOf<'sql'> {
  const checksum = quoteLiteral(checksumOf(entry.text));
  if (tool === 'drizzle') {
    const table = '"drizzle"."__drizzle_migrations"';
    return {
      up: [
        'CREATE SCHEMA IF NOT EXISTS "drizzle"',
        `CREATE TABLE IF NOT EXISTS ${table} (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`,
        `INSERT INTO ${table} (hash, created_at) SELECT ${checksum}, ${entry.when} WHERE NOT EXISTS (SELECT FROM ${table} WHERE created_at = ${entry.when})`,
      ].join(';\n'),
      down: `DELETE FROM ${table} WHERE created_at = ${entry.when}`,
    };
  }
  const table = '"_prisma_migrations"';
  const name = quoteLiteral(entry.name);
  return {
    up: [
      `CREATE TABLE IF NOT EXISTS ${table} (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`,
      `INSERT INTO ${table} (id, checksum, finished_at, migration_name, started_at, applied_steps_count) SELECT gen_random_uuid()::text, ${checksum}, now(), ${name}, now(), 1 WHERE NOT EXISTS (SELECT FROM ${table} WHERE migration_name = ${name} AND rolled_back_at IS NULL)`,
    ].join(';\n'),
    down: `DELETE FROM ${table} WHERE migration_name = ${name}`,
  };
}
