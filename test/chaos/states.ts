import { readFileSync } from 'node:fs';

interface State {
  Type: string;
  ItemProcessor?: { States: Record<string, State> };
}

const each = (states: Record<string, State>): [string, State][] =>
  Object.entries(states).flatMap(([name, state]) => [
    [name, state],
    ...each(state.ItemProcessor?.States ?? {}),
  ]);

/** Every state of a state machine file by its name, those inside its Maps included. */
function statesOf(machine: string): Map<string, State> {
  const file = new URL(`../../state-machines/${machine}.asl.json`, import.meta.url);
  // The repository's own file; local/step-functions refuses one of another shape.
  const { States } = JSON.parse(readFileSync(file, 'utf8')) as { States: Record<string, State> };
  return new Map(each(States));
}

/** States of `migration` on the way to a rollback. */
export const failing = [
  'RecordBackfillRangeFailure',
  'BackfillRangeFailed',
  'RecordVerifyRangeFailure',
  'VerifyRangeFailed',
  'RecordVerifyAgainRangeFailure',
  'VerifyAgainRangeFailed',
  'RecordFailure',
  'RollbackNeeded?',
  'StartRollback',
  'Failed',
];

/**
 * The deaths that killing a machine in each of these states takes: a task's when its work is done and its answer not
 * recorded, any other's on entering it. That what is recorded of an execution suffices to go on, after every single
 * line, is what local/step-functions/durability.test.ts shows.
 */
export function deathsIn(machine: string, choose: (state: string) => boolean): string[] {
  return [...statesOf(machine)].flatMap(([name, { Type }]) =>
    choose(name) ? [`${machine} ${Type === 'Task' ? 'unrecorded' : 'entered'} ${name}`] : [],
  );
}
