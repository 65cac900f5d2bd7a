import { ExecutionSuperseded, UpdateCancelled } from '../errors.ts';
import { assertActs } from './execution.ts';
import type { UpdateRecord } from './records.ts';
import type { TaskOfUpdate } from './schemas.ts';
import { type Change, changeUpdate, readUpdate } from './update-store.ts';

/** Throws UpdateCancelled when somebody gave the update up. */
export function assertWanted({ id, cancel }: UpdateRecord): void {
  if (cancel === null) return;
  throw new UpdateCancelled(`${cancel.by} gave ${id} up${cancel.why === null ? '' : `: ${cancel.why}`}`, {
    evidence: { by: cancel.by, at: cancel.at },
    action: 'What was written is taken back.',
  });
}

/** Throws ExecutionSuperseded when it goes back already: who comes here was thought dead. */
function assertForward({ id, status }: UpdateRecord, name: string): void {
  if (status === 'waiting' || status === 'running' || status === 'waiting_for_approval') return;
  throw new ExecutionSuperseded(`${name} acts no longer for ${id}, which is ${status}`, {
    evidence: { expected: 'running', found: status },
    action: 'The way back goes on by itself.',
  });
}

/** The record, for an execution that may go on. Throws ExecutionSuperseded, UpdateCancelled. */
export async function readWanted({ updateId, execution }: TaskOfUpdate): Promise<UpdateRecord> {
  const record = await readUpdate(updateId);
  assertActs(record, execution);
  assertForward(record, execution);
  assertWanted(record);
  return record;
}

/** Changes the record for an execution that may go on. Throws ExecutionSuperseded, UpdateCancelled. */
export const changeWanted = (
  { updateId, execution }: TaskOfUpdate,
  decide: (record: UpdateRecord) => Change | undefined,
): Promise<UpdateRecord> =>
  changeUpdate(updateId, (record) => {
    assertActs(record, execution);
    assertForward(record, execution);
    assertWanted(record);
    return decide(record);
  });

/** The same on the way back and at the end, when nobody can ask for it to stop. */
export const changeActing = (
  { updateId, execution }: TaskOfUpdate,
  decide: (record: UpdateRecord) => Change | undefined,
): Promise<UpdateRecord> =>
  changeUpdate(updateId, (record) => {
    assertActs(record, execution);
    return decide(record);
  });
