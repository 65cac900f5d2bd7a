import aslValidator from 'asl-validator';
import { expressionOf } from './compile.ts';
import { type Definition, innerScopes, type Scope, type State, type Task } from './definition.ts';
import { type DefinitionProblem, InvalidDefinition, loadDefinition } from './load.ts';

/** What a gate checks besides the definitions themselves. */
export interface GateOptions {
  /** Names of the functions that exist: a literal FunctionName must be one of them. */
  functions?: readonly string[];
}

/**
 * The rules every state machine file of this repository keeps: what AWS and the engine accept, and besides that every
 * Task has a Comment, a TimeoutSeconds, a Retry by error name with FULL jitter and MaxAttempts, and a Catch whose
 * last entry is States.ALL; a task that waits for a token hands it over. Returns what breaks them, in file order.
 */
export function validateStateMachines(
  definitions: Record<string, object>,
  options: GateOptions = {},
): DefinitionProblem[] {
  return Object.entries(definitions).flatMap(([machine, source]) => {
    const second = secondOpinion(machine, source);
    try {
      const definition: Definition = loadDefinition(machine, source);
      return [...second, ...houseRules(machine, definition, options)];
    } catch (error) {
      if (error instanceof InvalidDefinition) return [...error.problems, ...second];
      throw error;
    }
  });
}

/** asl-validator reads the same file with rules of its own; its messages are vague, so ours come first. */
function secondOpinion(machine: string, source: object): DefinitionProblem[] {
  const { isValid, errors } = aslValidator(source, { checkPaths: true, checkArn: false });
  if (isValid) return [];
  return errors.map((error) => ({
    machine,
    state: undefined,
    field: error.schemaError?.instancePath ?? 'definition',
    message: `asl-validator: ${error.Message} (${error['Error code']})`,
  }));
}

function houseRules(machine: string, scope: Scope, options: GateOptions): DefinitionProblem[] {
  return Object.entries(scope.States).flatMap(([state, body]) => {
    const found = ruleBreaks(body, options).map(([field, message]) => ({ machine, state, field, message }));
    return [...found, ...innerScopes(body).flatMap((inner) => houseRules(machine, inner, options))];
  });
}

function ruleBreaks(state: State, options: GateOptions): Array<[field: string, message: string]> {
  const broken: Array<[string, string]> = [];
  if ('Retry' in state) {
    state.Retry?.forEach((retrier, index) => {
      const field = `Retry.${index}`;
      if (retrier.JitterStrategy !== 'FULL') broken.push([`${field}.JitterStrategy`, 'expected "FULL"']);
      if (retrier.MaxAttempts === undefined) broken.push([`${field}.MaxAttempts`, 'is missing']);
    });
  }
  if (state.Type === 'Task') broken.push(...taskBreaks(state, options));
  return broken;
}

function taskBreaks(state: Task, { functions }: GateOptions): Array<[field: string, message: string]> {
  const broken: Array<[string, string]> = [];
  if (!state.Comment) broken.push(['Comment', 'is missing: say in one line what the task does']);
  if (state.TimeoutSeconds === undefined) broken.push(['TimeoutSeconds', 'is missing']);
  if (!state.Retry?.length) broken.push(['Retry', 'is missing']);
  if (!state.Catch?.at(-1)?.ErrorEquals.includes('States.ALL'))
    broken.push(['Catch', 'ends with States.ALL']);
  const text = JSON.stringify(state.Arguments);
  if (state.Resource.endsWith('.waitForTaskToken') && !text.includes('$states.context.Task.Token')) {
    broken.push(['Arguments', 'hands over $states.context.Task.Token, or nobody can answer']);
  }
  const name = state.Arguments.FunctionName;
  const literal = typeof name === 'string' && expressionOf(name) === undefined && !name.includes('${');
  if (functions && literal && !functions.includes(name)) {
    broken.push(['Arguments.FunctionName', `no function "${name}"`]);
  }
  return broken;
}
