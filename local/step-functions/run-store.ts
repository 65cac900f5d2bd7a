import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROLE_ARN, stateMachineArn } from './arns.ts';
import { type Catalogue, type ExecutionEntry, keyOf } from './catalogue.ts';
import { type Definition, definitionSchema, findState, type Scope } from './definition.ts';
import { applyLine, newFrame } from './frames.ts';
import { inputOf, outcomeOf, readLines } from './history.ts';
import { openJournal } from './journal.ts';
import { append, type Outcome, type Run } from './run.ts';

/** Executions on disk: one journal each, under `executions/`. */
export interface RunStore {
  journalFile(arn: string): string;
  /** A new execution with ExecutionStarted written. A file that a start cut off by a crash left is overwritten. */
  open(entry: ExecutionEntry, inputText: string): Run;
  /** An execution as its journal has it, and how it ended if it did. */
  load(entry: ExecutionEntry): { run: Run; outcome: Outcome | undefined };
}

export function createRunStore(directory: string, catalogue: Catalogue, toDisk: boolean): RunStore {
  const folder = join(directory, 'executions');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const definitions = new Map<string, Definition>();
  const journalFile = (arn: string) => join(folder, `${keyOf(arn)}.jsonl`);

  const definitionOf = (hash: string): Definition => {
    const definition = definitions.get(hash) ?? definitionSchema.parse(catalogue.definition(hash));
    definitions.set(hash, definition);
    return definition;
  };

  /** The states an execution runs: the machine's own, or what its Map state does with each item. */
  const scopeOf = (entry: ExecutionEntry): Scope | Definition => {
    const definition = definitionOf(entry.hash);
    if (!entry.mapRun) return definition;
    const state = findState(definition, entry.mapRun.state);
    if (state?.Type !== 'Map') throw new Error(`no Map state "${entry.mapRun.state}" in ${entry.machine}`);
    return state.ItemProcessor;
  };

  return {
    journalFile,
    open(entry, inputText) {
      const scope = scopeOf(entry);
      const input: unknown = JSON.parse(inputText);
      const run: Run = {
        entry,
        scope,
        inputText,
        input,
        root: newFrame(scope.StartAt, input, 0),
        lastEventId: 0,
        journal: openJournal(journalFile(entry.arn), 'w', toDisk),
        life: new AbortController(),
      };
      append(run, entry.startedAt, [], 0, {
        patch: newFrame(scope.StartAt, input, 0),
        event: {
          type: 'ExecutionStarted',
          executionStartedEventDetails: {
            input: inputText,
            inputDetails: { truncated: false },
            roleArn: ROLE_ARN,
            ...(entry.version !== undefined && {
              stateMachineVersionArn: stateMachineArn(entry.machine, entry.version),
            }),
          },
        },
      });
      return run;
    },
    load(entry) {
      const file = journalFile(entry.arn);
      const lines = readLines(file, true);
      const inputText = inputOf(lines);
      const root = newFrame('', null, 0);
      for (const line of lines) applyLine(root, line);
      const run: Run = {
        entry,
        scope: scopeOf(entry),
        inputText,
        input: JSON.parse(inputText),
        root,
        lastEventId: lines.reduce((last, line) => Math.max(last, line.event?.id ?? 0), 0),
        journal: openJournal(file, 'a', toDisk),
        life: new AbortController(),
      };
      return { run, outcome: outcomeOf(lines) };
    },
  };
}
