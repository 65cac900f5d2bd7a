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

/** The deaths that killing a machine in these states takes: on entering each, and with each task's answer unrecorded. */
export function deathsIn(machine: string, choose: (state: string) => boolean): string[] {
  return [...statesOf(machine)].flatMap(([name, { Type }]) => {
    if (!choose(name)) return [];
    const moments = Type === 'Task' ? ['entered', 'unrecorded'] : ['entered'];
    return moments.map((moment) => `${machine} ${moment} ${name}`);
  });
}
