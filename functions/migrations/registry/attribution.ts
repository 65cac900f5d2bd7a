import type { Plan } from '../plan/schemas.ts';
import { type ObjectChange, subjectOf } from './diff.ts';
import { tableOf } from './shape.ts';

/** What Theseus puts before the name of what stands in for something else. */
const standIn = /^_theseus_[0-9a-f]{8}_/;
const words = /"((?:[^"]|"")+)"|[\p{L}_][\p{L}\p{N}_$]*/gu;

/** Every name that the statements of a plan hold, as clients know it. */
export function namesInPlan(
  plan: Pick<
    Plan,
    | 'expand'
    | 'index'
    | 'constrain'
    | 'publish'
    | 'contract'
    | 'rollback'
    | 'undoContract'
    | 'removal'
    | 'tables'
  >,
): Set<string> {
  const names = new Set(plan.tables.map(({ table }) => table.name));
  const { expand, index, constrain, publish, contract, rollback, undoContract, removal } = plan;
  const add = (name: string) => {
    names.add(name);
    names.add(name.replace(standIn, ''));
  };
  for (const step of [expand, index, constrain, publish, contract, rollback, undoContract, removal].flat()) {
    const said =
      step.kind === 'transaction'
        ? step.statements.map(({ sql }) => sql)
        : step.kind === 'create_index'
          ? [step.sql]
          : [];
    for (const sql of said)
      for (const [word, quoted] of sql.matchAll(words)) add(quoted?.replaceAll('""', '"') ?? word);
    if (step.kind === 'transaction')
      for (const write of step.dualWrites)
        if (write.action === 'add') for (const { column } of write.group.new) add(column);
    if (step.kind === 'create_index' || step.kind === 'drop_index') add(step.index);
    if (step.kind === 'validate') add(step.constraint);
  }
  return names;
}

/** While its migration runs, a plan's change is one whose table and name are both in the plan. */
export function madeByRunning(change: ObjectChange, names: ReadonlySet<string>): boolean {
  const subject = subjectOf(change);
  const table = tableOf(subject);
  return names.has(subject.name) && (table === null || names.has(table));
}

/**
 * At its end, whatever changed on the tables it worked on is the migration's: a dropped column takes indexes with it, a
 * new table brings a sequence, and no statement names them.
 */
export function madeByFinished(change: ObjectChange, names: ReadonlySet<string>): boolean {
  const subject = subjectOf(change);
  const table = tableOf(subject);
  if (table !== null) return names.has(table);
  return (
    names.has(subject.name) ||
    (subject.kind === 'sequence' && [...names].some((name) => subject.name.startsWith(`${name}_`)))
  );
}
