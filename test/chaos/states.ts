import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyOf } from '#local/step-functions/catalogue.ts';

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

/** The name of every state of a state machine file. */
export const everyStateOf = (machine: string): string[] => [...statesOf(machine).keys()].toSorted();

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

/** They do nothing and wait for nothing: to be killed there is to be killed between the state before and the one after. */
const passed = ['Pass', 'Choice'];

/**
 * The deaths that killing a machine in each of these states takes: a task's when its work is done and its answer not
 * recorded, any other's on entering it, and none in those that are only passed (see survivedIn). That what is recorded of
 * an execution suffices to go on, after every single line, is what local/step-functions/durability.test.ts shows.
 */
export function deathsIn(machine: string, choose: (state: string) => boolean = () => true): string[] {
  return [...statesOf(machine)].flatMap(([name, { Type }]) =>
    choose(name) && !passed.includes(Type)
      ? [`${machine} ${Type === 'Task' ? 'unrecorded' : 'entered'} ${name}`]
      : [],
  );
}

interface Line {
  path: number[];
  event?: { type: string; stateEnteredEventDetails?: { name: string } };
}

const linesIn = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    // The last line may be cut off.
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** The journals of a machine's executions, as a platform over this directory has written them. */
function journalsOf(directory: string, machine: string): Line[][] {
  const folder = join(directory, 'step-functions');
  // The engine's own files.
  const known = linesIn(join(folder, 'catalogue.jsonl')) as { entry?: { arn: string; machine: string } }[];
  const keys = known.flatMap(({ entry }) => (entry?.machine === machine ? [keyOf(entry.arn)] : []));
  return [...new Set(keys)].map((key) => linesIn(join(folder, 'executions', `${key}.jsonl`)) as Line[]);
}

/**
 * The states of a machine in which a platform was killed, and those that it passed: whose entry has, in the journal of an
 * execution, nothing between itself and their end, so that there is no other moment in them than before and after.
 */
export function survivedIn(machine: string, platform: { directory: string; deaths(): string[] }): string[] {
  const states = statesOf(machine);
  const died = platform
    .deaths()
    .map((death) => death.split(' '))
    .flatMap(([of, , state = '']) => (of === machine && states.has(state) ? [state] : []));
  const through = journalsOf(platform.directory, machine).flatMap((lines) =>
    lines.flatMap(({ path, event }, at) => {
      const name = event?.stateEnteredEventDetails?.name ?? '';
      const next = lines.slice(at + 1).find((line) => line.path.join() === path.join());
      const type = states.get(name)?.Type ?? '';
      return passed.includes(type) && next?.event?.type === `${type}StateExited` ? [name] : [];
    }),
  );
  return [...new Set([...died, ...through])].toSorted();
}
