import { clock } from '#platform/clock.ts';
import { ConnectionLost } from '../../errors.ts';
import type { DatabaseFacts, Engine, Feature, OpenEngine, RunOptions } from '../engine.ts';
import { backfillRange } from './backfill.ts';
import { applicationName, type Session } from './connection.ts';
import { compareRange } from './data/compare.ts';
import { describeRows, hasRows } from './data/describe.ts';
import { loadRange } from './data/load-range.ts';
import { findOthers } from './data/others.ts';
import { countRecordErrors, readRecordErrors, redriveRecords } from './data/record-errors.ts';
import {
  advanceSequences,
  forgetLoads,
  keepWatermarks,
  prepareLoads,
  readWatermarks,
} from './data/run-state.ts';
import { openRowSource } from './data/source.ts';
import { takeBackLoads } from './data/take-back.ts';
import { readDefinitions } from './definitions.ts';
import { keepPlan, readEjectable } from './eject/ejectable.ts';
import { ejectScript } from './eject/script.ts';
import { releaseFence, setFencePhase, takeFence } from './fence.ts';
import { readHistory } from './history.ts';
import { listSchemas } from './introspect/schemas.ts';
import { readShape } from './introspect/shape.ts';
import { readSnapshot } from './introspect/snapshot.ts';
import { keepRows } from './kept-rows.ts';
import { makeLogin } from './login.ts';
import { sampleRanges, splitRanges } from './ranges.ts';
import { columnTypes, restoreTable } from './restore.ts';
import { countRows, exportRows, findRows } from './rows.ts';
import { borrowSession } from './sessions.ts';
import type { SessionOptions } from './settings.ts';
import { countChanged, dropStaged, restoreStaged, rowsAside, stageRows } from './staged-rows.ts';
import { runStep } from './steps/run.ts';
import { findProblems } from './validate.ts';
import { verifyRange } from './verify.ts';

const features: ReadonlySet<Feature> = new Set([
  'version_schemas',
  'dual_write',
  'transactional_ddl',
  'concurrent_index',
  'row_backup',
]);

/** Splitting reads samples of large tables. */
const samplingTimeoutMs = 60_000;

/**
 * PostgreSQL 14 and newer. Every call borrows the sessions it needs and gives them back (sessions.ts): nothing is held
 * between calls, and nothing is opened before the first. Every call throws DatabaseUnreachable, DatabaseRefused,
 * DatabasePooled and DatabaseUnsupported.
 */
export const openPostgres: OpenEngine = async (connectionString, options) => {
  const open = (purpose: string, session: Omit<SessionOptions, 'applicationName'> = {}) =>
    borrowSession(connectionString, { ...session, applicationName: named(options.applicationName, purpose) });

  async function using<T>(
    purpose: string,
    session: Omit<SessionOptions, 'applicationName'>,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const opened = await open(purpose, session);
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  }

  const engine: Engine = {
    name: 'postgresql',
    features,
    inspect: () => using('inspect', { readOnly: true, fresh: true }, readFacts),
    snapshot: (schema, functions) =>
      using('snapshot', { readOnly: true }, (session) => readSnapshot(session, schema, functions)),
    history: (tool, schema) =>
      using('history', { readOnly: true }, (session) => readHistory(session, tool, schema)),
    shape: (schema) => using('shape', { readOnly: true }, (session) => readShape(session, schema)),
    listSchemas: (like, after, limit) =>
      using('schemas', { readOnly: true }, (session) => listSchemas(session, like, after, limit)),
    validate: (plan, run) =>
      using('validate', { readOnly: true, fresh: !options.recent, schema: plan.schema }, async (session) =>
        findProblems(session, plan, await readFacts(session), run),
      ),
    takeFence: (fence, about) => using('fence', {}, (session) => takeFence(session, fence, about)),
    setFencePhase: (fence, phase) => using('fence', {}, (session) => setFencePhase(session, fence, phase)),
    releaseFence: (fence) => using('fence', {}, (session) => releaseFence(session, fence)),
    runStep: (step, fence, run) =>
      runStep(
        (session) =>
          borrowSession(connectionString, {
            ...session,
            applicationName: applicationName(fence.migration, step.id, String(fence.epoch)),
          }),
        step,
        fence,
        run,
      ),
    splitRanges: (table, key, parts) =>
      using('split', { readOnly: true, statementTimeoutMs: samplingTimeoutMs }, (session) =>
        splitRanges(session, table, key, parts),
      ),
    sampleRanges: (table, key, sample) =>
      using('split', { readOnly: true, statementTimeoutMs: samplingTimeoutMs }, (session) =>
        sampleRanges(session, table, key, sample),
      ),
    backfillRange: (backfill, range, from, fence, run) =>
      backfillRange(open, backfill, range, from, fence, run),
    verifyRange: (verification, stage, range, from, fence, run) =>
      verifyRange(open, verification, stage, range, from, fence, run),
    definitions: (plan) =>
      using('definitions', { readOnly: true }, (session) => readDefinitions(session, plan)),
    keepPlan: (fence, plan) => using('plan', {}, (session) => keepPlan(session, fence, plan)),
    eject: (named, goal) =>
      using('eject', { readOnly: true }, async (session) =>
        ejectScript(await readEjectable(session, named), goal),
      ),
    countRows: (backup, run) =>
      using(
        'count',
        { readOnly: true, schema: backup.table.schema, statementTimeoutMs: left(run) },
        (session) => countRows(session, backup),
      ),
    findRows: (rows, most, run) =>
      using(
        'count',
        { readOnly: true, schema: rows.table.schema, statementTimeoutMs: left(run) },
        (session) => findRows(session, rows, most),
      ),
    exportRows: (backup, range, run) => exportRows(open, backup, range, run),
    makeLogin: (login, password, fence) =>
      using('login', {}, (session) => makeLogin(session, login, password, fence)),
    columnTypes: (table, columns) =>
      using('types', { readOnly: true }, (session) => columnTypes(session, table, columns)),
    restoreTable: (table, columns, chosen, run, fill) =>
      using('restore', { schema: table.schema, statementTimeoutMs: left(run) }, (session) =>
        restoreTable(session, table, columns, chosen, fill),
      ),
    countChanged: (staged, run, rows) =>
      using('compare', { schema: staged.table.schema, statementTimeoutMs: left(run) }, (session) =>
        countChanged(session, staged, rows),
      ),
    stageRows: (staged, part, fence, run, rows) =>
      using('stage', { schema: staged.table.schema, statementTimeoutMs: left(run) }, (session) =>
        stageRows(session, staged, part, fence, rows),
      ),
    restoreStaged: (staged, fence, run) => restoreStaged(open, staged, fence, run),
    rowsAside: (id, fence) => using('stage', { readOnly: true }, (session) => rowsAside(session, id, fence)),
    dropStaged: (id, fence) => using('stage', {}, (session) => dropStaged(session, id, fence)),
    keepRows: (kept, fence, run) => keepRows(open, kept, fence, run),
    describeRows: (table, sql, types, watermark) =>
      using('describe', { readOnly: true, schema: table.schema }, (session) =>
        describeRows(session, table, sql, types, watermark),
      ),
    hasRows: (table) =>
      using('describe', { readOnly: true, schema: table.schema }, (session) => hasRows(session, table)),
    openRowSource: (load, transform) => openRowSource(open, load, transform),
    prepareLoads: (fence, name, schema, watermarks) =>
      using('loads', {}, (session) => prepareLoads(session, fence, name, schema, watermarks)),
    loadRange: (load, source, range, fence, run) => loadRange(open, load, source, range, fence, run),
    advanceSequences: (load) => using('loads', {}, (session) => advanceSequences(session, load)),
    compareRange: (load, source, range, fence, run) => compareRange(open, load, source, range, fence, run),
    findOthers: (load, range, fence, run) => findOthers(open, load, range, fence, run),
    watermarks: (name, schema) =>
      using('watermarks', { readOnly: true }, (session) => readWatermarks(session, name, schema)),
    keepWatermarks: (fence) => using('loads', {}, (session) => keepWatermarks(session, fence)),
    recordErrors: (migration, after, limit) =>
      using('errors', { readOnly: true }, (session) => readRecordErrors(session, migration, after, limit)),
    countRecordErrors: (migration) =>
      using('errors', { readOnly: true }, (session) => countRecordErrors(session, migration)),
    redriveRecords: (load, source, keys, fence) => redriveRecords(open, load, source, keys, fence),
    takeBackLoads: (loads, fence, run) => takeBackLoads(open, loads, fence, run),
    forgetLoads: (loads, fence) => using('loads', {}, (session) => forgetLoads(session, loads, fence)),
    close: async () => {},
  };
  return engine;
};

/** `theseus:mig_1:backfill` and a purpose: the purpose is not said twice. */
function named(base: string, purpose: string): string {
  const parts = base.split(':').filter((part) => part !== 'theseus' && part !== '');
  return applicationName(...parts, ...(parts.includes(purpose) ? [] : [purpose]));
}

/** Ms until the caller's time is up. */
const left = (run: RunOptions) => Math.max(1_000, Math.round(run.until - clock.now()));

async function readFacts(session: Session): Promise<DatabaseFacts> {
  const { rows } = await session.query<DatabaseFacts>(
    `SELECT 'postgresql' AS engine, split_part(current_setting('server_version'), ' ', 1) AS version,
       current_database()::text AS database, current_user::text AS "user", false AS pooled,
       pg_is_in_recovery() OR (SELECT bool_or(CASE name WHEN 'in_hot_standby' THEN setting ELSE reset_val END = 'on')
         FROM pg_settings WHERE name IN ('in_hot_standby', 'default_transaction_read_only')) AS "readOnly",
       current_setting('deadlock_timeout') = '50ms' AS "canSetDeadlockTimeout"`,
  );
  const [facts] = rows;
  if (facts === undefined) throw new ConnectionLost('The database told nothing about itself');
  return facts;
}
