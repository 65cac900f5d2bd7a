import type { Backfill, TableRef, Verification } from '../../plan/schemas.ts';
import type { Fence } from '../engine.ts';
import type { Open } from './chunks.ts';
import { applicationName, openSession, type Session } from './connection.ts';
import { takeFence } from './fence.ts';

// For tests of chunks: a table `shop.people` whose name is to be split, under a fence taken in phase backfill.

export const openerOf =
  (url: string): Open =>
  (purpose, options) =>
    openSession(url, { ...options, applicationName: applicationName('test', purpose) });

export const fence: Fence = { migration: 'mig_1', epoch: 1 };
export const people: TableRef = { schema: 'shop', name: 'people', oid: null };

/** Creates the table with these key columns and rows made by a SELECT of key columns over `g`. */
export async function makePeople(
  session: Session,
  keyColumns: string,
  selectKey: string,
  rows: number,
): Promise<void> {
  const names = keyColumns.split(',').map((column) => column.trim().split(' ')[0]);
  await session.query('CREATE SCHEMA IF NOT EXISTS shop');
  await session.query('DROP TABLE IF EXISTS shop.people');
  await session.query(
    `CREATE TABLE shop.people (${keyColumns}, name text, first text, PRIMARY KEY (${names.join(', ')}))`,
  );
  await session.query(
    `INSERT INTO shop.people SELECT ${selectKey}, 'Mary Ann Smith ' || g FROM generate_series(1, ${rows}) AS g`,
  );
  await session.query('ANALYZE shop.people');
  await takeFence(session, fence, { name: 'split', schema: 'shop', phase: 'backfill' });
}

export function splitName(key: Backfill['key'], estimatedRows = 0): Backfill {
  return {
    id: 'bf',
    table: people,
    key,
    set: [{ column: 'first', type: 'text', expression: "split_part(name, ' ', 1)" }],
    unwritten: 'first IS NULL',
    estimatedRows,
  };
}

export function verifyName(key: Backfill['key']): Verification {
  return {
    id: 'vf',
    table: people,
    key,
    beforePublish: "first IS NOT DISTINCT FROM split_part(name, ' ', 1)",
    afterPublish: "first IS NOT DISTINCT FROM split_part(name, ' ', 1) OR name LIKE first || '%'",
    repair: [{ column: 'first', expression: "split_part(name, ' ', 1)" }],
    estimatedRows: 0,
  };
}

export const id: Backfill['key'] = [{ column: 'id', type: 'bigint' }];
export const everything = { from: null, to: null };

/** A row for each session of this database that waits for a lock. */
export const WAITING =
  "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
