import type { Step } from '../../../plan/schemas.ts';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import type { Session } from '../connection.ts';
import { stands } from './locks.ts';
import type { LongWork } from './long.ts';

type CreateIndex = Extract<Step, { kind: 'create_index' }>;
type DropIndex = Extract<Step, { kind: 'drop_index' }>;

interface IndexState {
  oid: number;
  valid: boolean;
  builder: number | null;
}

async function stateOf(session: Session, schema: string, index: string): Promise<IndexState | null> {
  const { rows } = await session.query<IndexState>(
    `SELECT c.oid, i.indisvalid AND i.indisready AS valid,
       (SELECT p.pid FROM pg_stat_progress_create_index p
        WHERE p.index_relid = c.oid AND p.pid <> pg_backend_pid()
          AND p.datid = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1) AS builder
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid
     WHERE n.nspname = $1 AND c.relname = $2`,
    [schema, index],
  );
  return rows[0] ?? null;
}

const drop = (schema: string, index: string) =>
  `DROP INDEX CONCURRENTLY IF EXISTS ${quoteIdentifier(schema)}.${quoteIdentifier(index)}`;

/** CREATE INDEX CONCURRENTLY; an index that a broken-off run left INVALID is dropped first. */
export function createIndex(step: CreateIndex): LongWork {
  const { schema } = step.table;
  return {
    statement: step.sql,
    isDone: async (session) =>
      (await stateOf(session, schema, step.index))?.valid === true ||
      (step.part === true && !(await stands(session, step.table))),
    runningElsewhere: async (session) => (await stateOf(session, schema, step.index))?.builder ?? null,
    async clear(session) {
      const found = await stateOf(session, schema, step.index);
      if (found !== null && !found.valid) await session.query(drop(schema, step.index));
    },
    progress: (session, pid) => buildProgress(session, pid),
  };
}

/** DROP INDEX CONCURRENTLY; a build of ours that still runs is cancelled first. */
export function dropIndex(step: DropIndex): LongWork {
  return {
    statement: drop(step.schema, step.index),
    isDone: async (session) => (await stateOf(session, step.schema, step.index)) === null,
    runningElsewhere: async () => null,
    async clear(session) {
      const builder = (await stateOf(session, step.schema, step.index))?.builder;
      if (builder == null) return;
      await session.query(
        `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
         WHERE pid = $1 AND usename = current_user AND starts_with(application_name, 'theseus:')`,
        [builder],
      );
    },
    progress: async () => null,
  };
}

/** Blocks read of the current phase of a build: indexing, then validating. */
async function buildProgress(session: Session, pid: number | null): Promise<number | null> {
  const { rows } = await session.query<{ progress: number | null }>(
    `SELECT blocks_done::float8 / nullif(blocks_total, 0) AS progress FROM pg_stat_progress_create_index WHERE pid = $1`,
    [pid],
  );
  return rows[0]?.progress ?? null;
}
