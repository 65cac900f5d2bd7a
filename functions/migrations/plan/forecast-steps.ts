import { loadDrafts } from '../data/forecast.ts';
import type { ValidationLevel } from '../validation-level.ts';
import type { Draft, ForecastStep } from './forecast-step.ts';
import { LockKind } from './lock-times.ts';
import type { PacedWork } from './pace-measured.ts';
import type { Plan, Step, TableRef } from './schemas.ts';

/** At least this many rows are read to look at a sample. */
const sampledRows = 10_000;

/** The steps of a plan in the order in which they run, each with those that must be done before. */
export function draftsOf(plan: Plan, level: ValidationLevel | undefined): (Draft & { after: string[] })[] {
  const size = sizes(plan);
  return inOrder([
    ...plan.expand.map((step) => ofStep(size, 'expand', step)),
    ...plan.backfill.map(
      (fill): Draft => ({
        id: `backfill.${fill.id}`,
        phase: 'backfill',
        purpose: `Fill ${fill.set.map(({ column }) => column).join(', ')} of ${fill.table.name}`,
        lock: { mode: 'ROW EXCLUSIVE', tables: [nameOf(fill.table)], kind: 'backfill' },
        rows: fill.estimatedRows,
        work: 'backfill',
        validation: 'Its rows are verified before publish',
      }),
    ),
    ...plan.index.map((step) => ofStep(size, 'index', step)),
    ...plan.constrain.map((step) => ofStep(size, 'constrain', step)),
    ...verification(plan, 'verify', level),
    ...plan.publish.map((step) => ofStep(size, 'publish', step)),
    ...verification(plan, 'verify_published', level),
    ...plan.contract.map((step) => ofStep(size, 'contract', step)),
    ...(plan.data === undefined ? [] : loadDrafts(plan.data, level)),
    ...plan.removal.map((step) => ofStep(size, 'removal', step)),
  ]);
}

function verification(
  plan: Plan,
  phase: 'verify' | 'verify_published',
  level: ValidationLevel = 'full',
): Draft[] {
  const passes = phase === 'verify_published' && level === 'strict' ? 2 : 1;
  return plan.verify.map((one) => ({
    id: `${phase}.${one.id}`,
    phase,
    purpose:
      level === 'basic' ? `Look at a sample of ${one.table.name}` : `Check every row of ${one.table.name}`,
    lock: { mode: 'ACCESS SHARE', tables: [nameOf(one.table)] },
    rows: level === 'basic' ? Math.min(sampledRows, one.estimatedRows) : one.estimatedRows * passes,
    work: 'verify',
    validation: 'A pass without a wrong row',
  }));
}

const isLockKind = (phase: string): phase is LockKind => LockKind.safeParse(phase).success;

function ofStep(size: ReturnType<typeof sizes>, phase: ForecastStep['phase'], step: Step): Draft {
  const common = { id: step.id, phase, purpose: step.purpose };
  if (step.kind === 'transaction') {
    const opaque = step.locks.length === 0 && /^Run your /.test(step.purpose);
    return {
      ...common,
      lock: {
        mode: opaque ? null : step.locks.length === 0 ? 'ACCESS SHARE' : 'ACCESS EXCLUSIVE',
        tables: step.locks.map(nameOf),
        ...(isLockKind(phase) && step.locks.length > 0 ? { kind: phase } : {}),
      },
      rows: 0,
      opaque,
      validation: 'A marker written in the same transaction',
    };
  }
  if (step.kind === 'drop_index') {
    return {
      ...common,
      lock: { mode: 'SHARE UPDATE EXCLUSIVE', tables: [] },
      rows: 0,
      validation: 'The index is gone',
    };
  }
  const { rows, bytes } = size(step.table);
  const index = step.kind === 'create_index';
  const work: PacedWork = index ? 'index' : 'validate';
  const amount = index ? bytes : rows;
  return {
    ...common,
    lock: { mode: 'SHARE UPDATE EXCLUSIVE', tables: [nameOf(step.table)] },
    rows,
    amount,
    work,
    validation: index ? 'pg_index.indisvalid' : 'pg_constraint.convalidated',
  };
}

export const nameOf = ({ schema, name }: TableRef): string => `${schema}.${name}`;

function sizes(plan: Plan) {
  const known = new Map(plan.tables.map((one) => [nameOf(one.table), one]));
  return (table: TableRef) => {
    const found = known.get(nameOf(table));
    return { rows: found?.estimatedRows ?? 0, bytes: found?.bytes ?? 0 };
  };
}

/** Phases one after the other, and the steps of a phase, too; tables are filled and verified beside each other. */
function inOrder(drafts: Draft[]): (Draft & { after: string[] })[] {
  const beside = new Set<ForecastStep['phase']>(['backfill', 'verify', 'verify_published']);
  return drafts.map((draft, at) => {
    if (draft.after !== undefined) return { ...draft, after: draft.after };
    const before = drafts.slice(0, at);
    const own = before.filter(({ phase }) => phase === draft.phase);
    const last = own.at(-1);
    if (last !== undefined && !beside.has(draft.phase)) return { ...draft, after: [last.id] };
    const earlier = before.findLast(({ phase }) => phase !== draft.phase);
    if (earlier === undefined) return { ...draft, after: [] };
    const all = before.filter(({ phase }) => phase === earlier.phase).map(({ id }) => id);
    return { ...draft, after: beside.has(earlier.phase) ? all : [earlier.id] };
  });
}
