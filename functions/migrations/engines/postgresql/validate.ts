import { clock } from '#platform/clock.ts';
import { StatementCancelled } from '../../errors.ts';
import type { Plan } from '../../plan/schemas.ts';
import type { DatabaseFacts, Finding, RunOptions, ValidateOptions } from '../engine.ts';
import { querySingle, readOnly, type Session } from './connection.ts';
import { statementError } from './database-errors.ts';
import { wrongExpressions } from './expressions.ts';
import { loginProblems } from './login.ts';
import { boundedQuery, numberOf, READ_TIMEOUT_MS } from './probe.ts';
import { missingRights } from './rights.ts';
import { missingRoom } from './room.ts';
import { rowsThatRefuse } from './sampled-rows.ts';

/** A transaction that has stood idle this long will not make way for the lock of expand, seconds. */
const forgottenAfterS = 60;

/**
 * What would make the migration fail, found without changing anything. Data checks read whole tables: they share the
 * time until `options.until`; one that does not end in time is a finding, not a silence.
 */
export async function findProblems(
  session: Session,
  plan: Plan,
  facts: DatabaseFacts,
  options: ValidateOptions,
): Promise<Finding[]> {
  if (facts.readOnly) {
    return [
      {
        code: 'database_read_only',
        problem: `${facts.database} is a standby or refuses writes`,
        action: 'Register the URL of the primary server.',
      },
    ];
  }
  const rights = await missingRights(session, plan.rights);
  if (rights.length > 0) return rights;
  return [
    ...(await rowSecurityOnOldServers(session, plan)),
    ...(await loginProblems(session, plan)),
    ...(await wrongExpressions(session, plan)),
    ...(await missingRoom(session, plan, options.diskFreeBytes)),
    ...(await wrongProbe(session, options.pacing?.probe)),
    ...(await wrongMetric(session, options.pacing?.metric?.query)),
    // A copy of rows locks no table.
    ...(plan.data === undefined ? await forgottenTransactions(session, plan, forgottenAfterS) : []),
    ...(await refusedByRows(session, plan, options)),
  ];
}

/** An up that fails on a row fails in the checks that compute it, too: it is said once, with the row. */
async function refusedByRows(session: Session, plan: Plan, options: RunOptions): Promise<Finding[]> {
  const refused = await rowsThatRefuse(session, plan, options);
  const broken = await brokenByData(session, plan, options);
  return [...refused, ...broken.filter(({ code }) => refused.length === 0 || !code.endsWith('_failed'))];
}

/** Views of PostgreSQL 14 read as their owner: row security would not hold for clients of the new version. */
async function rowSecurityOnOldServers(session: Session, plan: Plan): Promise<Finding[]> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class
     WHERE oid = ANY($1) AND relrowsecurity AND current_setting('server_version_num')::int < 150000`,
    [tableOids(plan)],
  );
  return rows.map(({ name }) => ({
    code: 'row_security_before_15',
    problem: `${name} has row level security, which views of PostgreSQL 14 pass by`,
    action: 'Upgrade the server to 15 or newer, or change this table without Theseus.',
  }));
}

/** Sessions idle in a transaction for `afterS` seconds, and prepared transactions, that hold the plan's tables. */
export async function forgottenTransactions(
  session: Session,
  plan: Plan,
  afterS: number,
): Promise<Finding[]> {
  const { rows } = await session.query<{ what: string; seconds: number; end: string }>(
    `SELECT format('session %s (%s) of %s', a.pid, a.application_name, a.usename) AS what,
       extract(epoch FROM now() - a.state_change)::int AS seconds, format('SELECT pg_terminate_backend(%s)', a.pid) AS "end"
     FROM pg_stat_activity a
     WHERE a.state LIKE 'idle in transaction%' AND a.state_change < now() - make_interval(secs => $2)
       AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.relation = ANY($1))
     UNION ALL
     SELECT format('prepared transaction %L', x.gid), extract(epoch FROM now() - x.prepared)::int, format('ROLLBACK PREPARED %L', x.gid)
     FROM pg_prepared_xacts x JOIN pg_locks l ON l.virtualtransaction = '-1/' || x.transaction::text
     WHERE x.database = current_database() AND l.relation = ANY($1)
     LIMIT 20`,
    [tableOids(plan), afterS],
  );
  return rows.map(({ what, seconds, end }) => ({
    code: 'tables_held',
    problem: `The ${what} has held tables of this migration for ${seconds} s without doing anything`,
    action: `End it (${end}) or let it finish: until then the tables cannot be locked.`,
  }));
}

/** A probe that cannot be read would leave the backfill blind. */
async function wrongProbe(session: Session, probe: string | undefined): Promise<Finding[]> {
  if (probe === undefined) return [];
  try {
    await readOnly(session, READ_TIMEOUT_MS, () => querySingle(session, boundedQuery(probe)));
    return [];
  } catch (error) {
    return [
      {
        code: 'probe_wrong',
        problem: `The probe of the pacing options cannot be read: ${unreadable(error, probe)}`,
        action: `Give one query without parameters that answers within ${READ_TIMEOUT_MS / 1_000} s, with schemas named.`,
      },
    ];
  }
}

/** A metric that gives no number would never hold the backfill back. */
async function wrongMetric(session: Session, metric: string | undefined): Promise<Finding[]> {
  if (metric === undefined) return [];
  const wrong = (problem: string): Finding[] => [
    {
      code: 'metric_wrong',
      problem: `The metric of the pacing options ${problem}`,
      action: `Give one query without parameters that answers within ${READ_TIMEOUT_MS / 1_000} s with one row of one number, with schemas named.`,
    },
  ];
  try {
    const value = await readOnly(session, READ_TIMEOUT_MS, () => numberOf(session, metric));
    return value === null ? wrong('gives something else than one number') : [];
  } catch (error) {
    return wrong(`cannot be read: ${unreadable(error, metric)}`);
  }
}

/** What is wrong with a query of the user's. Throws what may pass when it is tried again, but for its own length. */
function unreadable(error: unknown, query: string): string {
  const named = statementError(error, query);
  if (named.retryable && !(named instanceof StatementCancelled)) throw named;
  return named.message;
}

async function brokenByData(session: Session, plan: Plan, options: RunOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of plan.checks) {
    options.signal.throwIfAborted();
    const left = Math.max(1_000, options.until - clock.now());
    try {
      const count = await readOnly(session, left, async () => {
        const [row] = await querySingle<{ count: string | null }>(session, check.sql);
        return Number(row?.count ?? 0);
      });
      if (count === 0) continue;
      findings.push({
        code: check.id,
        problem: `Operation ${check.operation + 1}: ${check.problem} (${count} rows)`,
        action: check.action,
      });
    } catch (error) {
      findings.push(unanswered(check, error));
    }
  }
  return findings;
}

/** A check that could not be answered is a problem of its own, unless trying again may answer it. */
function unanswered(check: Plan['checks'][number], error: unknown): Finding {
  const named = statementError(error, check.sql);
  if (named instanceof StatementCancelled) {
    return {
      code: `${check.id}_not_checked`,
      problem: `Operation ${check.operation + 1}: the rows could not all be read in time to see whether ${check.problem}`,
      action: 'Start again when the database is calmer, or add an index that helps to answer it.',
    };
  }
  if (named.retryable) throw named;
  return {
    code: `${check.id}_failed`,
    problem: `Operation ${check.operation + 1}: its expression fails on the rows that are there: ${named.message}`,
    action: 'Correct the expression in the migration file, or the rows.',
  };
}

function tableOids(plan: Plan): number[] {
  return plan.tables.flatMap(({ table }) => (table.oid === null ? [] : [table.oid]));
}
