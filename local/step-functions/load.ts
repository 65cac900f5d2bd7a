import type { z } from 'zod';
import { expressionProblem } from './compile.ts';
import {
  type Definition,
  definitionSchema,
  innerScopes,
  isDistributed,
  type MapState,
  type Scope,
  type State,
  type Task,
} from './definition.ts';

/** Something in a definition that AWS would refuse or that the engine does not interpret. */
export interface DefinitionProblem {
  machine: string;
  /** Undefined when the problem is in the machine's own fields. */
  state: string | undefined;
  field: string;
  message: string;
}

/** A definition was refused. Its message names machine, state and field of every problem. */
export class InvalidDefinition extends Error {
  override name = 'InvalidDefinition';
  readonly problems: DefinitionProblem[];
  constructor(problems: DefinitionProblem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.problems = problems;
  }
}

/** One line for people: machine, state, field, what is wrong. */
export function describeProblem(problem: DefinitionProblem): string {
  const where = problem.state === undefined ? '' : `, state "${problem.state}"`;
  return `${problem.machine}${where}, ${problem.field}: ${problem.message}`;
}

const JSONPATH_FIELDS =
  /^(InputPath|OutputPath|ResultPath|Parameters|ResultSelector|Result|ItemsPath|Variable|\w+Path)$/;

/**
 * Parses and checks a definition.
 * @throws InvalidDefinition naming every unknown state type or field, dangling transition, misplaced error name,
 * bad expression and variable clash.
 */
export function loadDefinition(machine: string, source: unknown): Definition {
  const parsed = definitionSchema.safeParse(source);
  if (!parsed.success)
    throw new InvalidDefinition(parsed.error.issues.flatMap((issue) => fromIssue(machine, issue)));
  const problems: DefinitionProblem[] = [];
  const seen = new Set<string>();
  checkScope(parsed.data, new Set(), undefined, seen, (state, field, message) =>
    problems.push({ machine, state, field, message }),
  );
  if (problems.length > 0) throw new InvalidDefinition(problems);
  return parsed.data;
}

type Report = (state: string | undefined, field: string, message: string) => void;

function fromIssue(machine: string, issue: z.core.$ZodIssue): DefinitionProblem[] {
  const path = issue.path.map(String);
  const at = path.lastIndexOf('States');
  const state = at >= 0 ? path[at + 1] : undefined;
  const inner = state === undefined ? path : path.slice(at + 2);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      machine,
      state,
      field: [...inner, key].join('.'),
      message: JSONPATH_FIELDS.test(key) ? 'JSONPath fields are refused' : 'field is not implemented',
    }));
  }
  return [{ machine, state, field: inner.join('.') || 'definition', message: issue.message }];
}

function checkScope(
  scope: Scope,
  outer: Set<string>,
  owner: string | undefined,
  seen: Set<string>,
  report: Report,
): void {
  const names = new Set(Object.keys(scope.States));
  if (!names.has(scope.StartAt)) report(owner, 'StartAt', `no state "${scope.StartAt}" here`);
  const variables = new Set(Object.values(scope.States).flatMap(assignedNames));
  for (const variable of variables) {
    if (outer.has(variable)) report(owner, 'Assign', `variable "${variable}" exists in the outer scope`);
  }
  for (const [name, state] of Object.entries(scope.States)) {
    if (seen.has(name)) report(name, 'name', 'state names are unique in the whole machine');
    seen.add(name);
    checkTransitions(name, state, names, report);
    checkErrorLists(name, state, report);
    checkTemplates(name, state, report);
    if (state.Type === 'Task') checkTask(name, state, report);
    if (state.Type === 'Map') checkMap(name, state, report);
    if (state.Type === 'Wait' && (state.Seconds === undefined) === (state.Timestamp === undefined)) {
      report(name, 'Seconds', 'give exactly one of Seconds and Timestamp');
    }
    // A distributed Map's items run as executions of their own, so outer variables do not reach them.
    const visible =
      state.Type === 'Map' && isDistributed(state) ? new Set<string>() : new Set([...outer, ...variables]);
    for (const inner of innerScopes(state)) checkScope(inner, visible, name, seen, report);
  }
  const reached = new Set<string>();
  reach(scope, scope.StartAt, reached);
  for (const name of names) if (!reached.has(name)) report(name, 'name', 'no transition leads to this state');
}

function reach(scope: Scope, start: string, reached: Set<string>): void {
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = scope.States[name];
    if (!state || reached.has(name)) continue;
    reached.add(name);
    open.push(...targets(state).map(([, target]) => target));
  }
}

function targets(state: State): Array<[field: string, target: string]> {
  const found: Array<[string, string]> = [];
  if ('Next' in state && state.Next !== undefined) found.push(['Next', state.Next]);
  if (state.Type === 'Choice') {
    state.Choices.forEach((rule, index) => {
      found.push([`Choices.${index}.Next`, rule.Next]);
    });
    if (state.Default !== undefined) found.push(['Default', state.Default]);
  }
  if ('Catch' in state) {
    state.Catch?.forEach((catcher, index) => {
      found.push([`Catch.${index}.Next`, catcher.Next]);
    });
  }
  return found;
}

function checkTransitions(name: string, state: State, names: Set<string>, report: Report): void {
  for (const [field, target] of targets(state)) {
    if (!names.has(target)) report(name, field, `no state "${target}" in the same scope`);
  }
  if (state.Type === 'Choice' || state.Type === 'Succeed' || state.Type === 'Fail') return;
  if ((state.Next === undefined) === (state.End === undefined)) {
    report(name, 'Next', 'give exactly one of Next and End');
  }
}

function checkErrorLists(name: string, state: State, report: Report): void {
  if (!('Retry' in state || 'Catch' in state)) return;
  for (const field of ['Retry', 'Catch'] as const) {
    const list = state[field] ?? [];
    list.forEach((entry, index) => {
      if (!entry.ErrorEquals.includes('States.ALL')) return;
      if (entry.ErrorEquals.length > 1)
        report(name, `${field}.${index}.ErrorEquals`, 'States.ALL stands alone');
      if (index < list.length - 1) report(name, `${field}.${index}.ErrorEquals`, 'States.ALL comes last');
    });
  }
}

function checkTask(name: string, state: Task, report: Report): void {
  const required = state.Resource.includes(':lambda:') ? ['FunctionName'] : ['StateMachineArn'];
  const allowed = state.Resource.includes(':lambda:')
    ? ['FunctionName', 'Payload']
    : ['StateMachineArn', 'Input', 'Name'];
  for (const key of required)
    if (!Object.hasOwn(state.Arguments, key)) report(name, `Arguments.${key}`, 'is missing');
  for (const key of Object.keys(state.Arguments)) {
    if (!allowed.includes(key)) report(name, `Arguments.${key}`, 'field is not implemented');
  }
  const { TimeoutSeconds: timeout, HeartbeatSeconds: heartbeat } = state;
  if (heartbeat !== undefined && !state.Resource.endsWith('.waitForTaskToken')) {
    report(name, 'HeartbeatSeconds', 'only tasks that wait for a token send heartbeats');
  }
  if (typeof timeout === 'number' && typeof heartbeat === 'number' && heartbeat >= timeout) {
    report(name, 'HeartbeatSeconds', 'is smaller than TimeoutSeconds');
  }
}

const DISTRIBUTED_FIELDS = [
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'ToleratedFailureCount',
  'ToleratedFailurePercentage',
  'Label',
] as const;

function checkMap(name: string, state: MapState, report: Report): void {
  if (!isDistributed(state)) {
    for (const field of DISTRIBUTED_FIELDS) {
      if (state[field] !== undefined)
        report(name, field, 'only in a Map whose ProcessorConfig.Mode is DISTRIBUTED');
    }
    return;
  }
  if (state.ItemProcessor.ProcessorConfig?.ExecutionType !== 'STANDARD') {
    report(
      name,
      'ItemProcessor.ProcessorConfig.ExecutionType',
      'expected "STANDARD": EXPRESS is not implemented',
    );
  }
  if (state.ItemReader && state.Items !== undefined)
    report(name, 'Items', 'give only one of Items and ItemReader');
  const { ItemBatcher: batcher, ItemReader: reader } = state;
  if (batcher && batcher.MaxItemsPerBatch === undefined && batcher.MaxInputBytesPerBatch === undefined) {
    report(name, 'ItemBatcher', 'give MaxItemsPerBatch or MaxInputBytesPerBatch');
  }
  const config = reader?.ReaderConfig;
  if (reader?.Resource.endsWith('getObject') && !config?.InputType) {
    report(name, 'ItemReader.ReaderConfig.InputType', 'is missing');
  }
  if (
    config?.InputType === 'CSV' &&
    (config.CSVHeaderLocation === 'GIVEN') !== (config.CSVHeaders !== undefined)
  ) {
    report(name, 'ItemReader.ReaderConfig.CSVHeaders', 'belongs to CSVHeaderLocation GIVEN');
  }
}

function assignedNames(state: State): string[] {
  const maps: Array<Record<string, unknown> | undefined> = [];
  if ('Assign' in state) maps.push(state.Assign);
  if ('Catch' in state) maps.push(...(state.Catch ?? []).map((catcher) => catcher.Assign));
  if (state.Type === 'Choice') maps.push(...state.Choices.map((rule) => rule.Assign));
  return maps.flatMap((assigned) => Object.keys(assigned ?? {}));
}

/** Fields that hold no expressions of this state. */
const PLAIN_FIELDS = new Set(['Type', 'Comment', 'Branches', 'ItemProcessor', 'Next', 'Default', 'Resource']);

function checkTemplates(name: string, state: State, report: Report): void {
  const visit = (value: unknown, field: string): void => {
    if (typeof value === 'string') {
      const problem = expressionProblem(value);
      if (problem) report(name, field, problem);
    } else if (value !== null && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'Comment' && !field.startsWith('Arguments')) continue;
        if (key.endsWith('.$')) report(name, `${field}.${key}`, 'JSONPath fields are refused');
        visit(inner, `${field}.${key}`);
      }
    }
  };
  for (const [field, value] of Object.entries(state)) if (!PLAIN_FIELDS.has(field)) visit(value, field);
  if (assignedNames(state).includes('states')) report(name, 'Assign', '"states" is reserved');
}
