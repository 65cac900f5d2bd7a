import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiFunctions } from '#apis/functions.ts';
import { deploymentFunctions } from '#deployments/functions.ts';
import { capabilities } from '#local/capabilities.ts';
import { type Definition, innerScopes, type Scope, type State } from '#local/step-functions/definition.ts';
import { loadDefinition } from '#local/step-functions/load.ts';
import { migrationFunctions } from '#migrations/functions.ts';
import type { FunctionFacts } from '#platform/function-facts.ts';
import { apiGrants } from '../cdk/slices/apis-grants.ts';
import { deploymentGrants } from '../cdk/slices/deployment-grants.ts';
import { migrationGrants } from '../cdk/slices/migration-grants.ts';

// Writes docs/workflows/<machine>.md from state-machines/<machine>.asl.json: run it after changing one of them.

const folder = fileURLToPath(new URL('../docs/workflows/', import.meta.url));

/** The documents by file name, as they should be now. */
export async function workflowDocuments(): Promise<Map<string, string>> {
  const documents = new Map<string, string>();
  for (const { name: capability, stateMachines } of capabilities) {
    for (const [machine, file] of Object.entries(stateMachines)) {
      const definition = loadDefinition(machine, JSON.parse(await readFile(file, 'utf8')));
      documents.set(`${machine}.md`, documentOf(machine, definition, capability));
    }
  }
  return documents;
}

function documentOf(machine: string, definition: Definition, capability: string): string {
  const lines = [
    `# ${machine}`,
    '',
    `${definition.Comment ?? ''} Written by \`node bin/workflow-documents.ts\` from [${machine}.asl.json](../../state-machines/${machine}.asl.json).`,
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...diagram(definition, '  '),
    '```',
    '',
    ...sections(definition, '##', capability),
    ...retryNotes(definition),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** Mermaid takes no question marks and the like in names of states. */
const idOf = (name: string) => name.replaceAll(/\W/g, '_');

function diagram(scope: Scope, indent: string): string[] {
  return [
    `${indent}[*] --> ${idOf(scope.StartAt)}`,
    ...Object.entries(scope.States).flatMap(([name, state]) => [
      `${indent}state "${name}" as ${idOf(name)}`,
      ...innerScopes(state).flatMap((inner) => [
        `${indent}state ${idOf(name)} {`,
        ...diagram(inner, `${indent}  `),
        `${indent}}`,
      ]),
      ...arrows(state).map(({ to, label }) => `${indent}${idOf(name)} --> ${to}${label ? `: ${label}` : ''}`),
    ]),
  ];
}

/** Where a state may go. That any failure may end it is left out of the picture; the text has it. */
function arrows(state: State): { to: string; label: string }[] {
  if (state.Type === 'Choice') {
    return [
      ...state.Choices.map(({ Condition, Next }) => ({ to: idOf(Next), label: plain(String(Condition)) })),
      ...(state.Default === undefined ? [] : [{ to: idOf(state.Default), label: 'otherwise' }]),
    ];
  }
  if (state.Type === 'Succeed' || state.Type === 'Fail') return [{ to: '[*]', label: '' }];
  const next = state.Next === undefined ? '[*]' : idOf(state.Next);
  const caught = 'Catch' in state ? (state.Catch ?? []) : [];
  const expected = caught.filter(({ ErrorEquals }) => !ErrorEquals.includes('States.ALL'));
  return [
    { to: next, label: '' },
    ...expected.map(({ ErrorEquals, Next }) => ({ to: idOf(Next), label: ErrorEquals.join(', ') })),
  ];
}

/** A condition without its brackets, in one line; a colon would end Mermaid's label. */
const plain = (condition: string) =>
  condition
    .replace(/^\{%\s*/, '')
    .replace(/\s*%\}$/, '')
    .replaceAll('$states.input.', '')
    .replaceAll(':', ' ');

function sections(scope: Scope, level: string, capability: string): string[] {
  return Object.entries(scope.States).flatMap(([name, state]) => [
    `${level} ${name}`,
    '',
    state.Comment ?? '',
    '',
    ...facts(state, capability),
    ...innerScopes(state).flatMap((inner) => sections(inner, `${level}#`, capability)),
  ]);
}

function facts(state: State, capability: string): string[] {
  const rows: string[] = [];
  if (state.Type === 'Task') {
    const called = functionOf(state.Arguments.FunctionName, capability);
    if (called !== undefined) {
      const where =
        called.facts.plane === 'data' ? 'in the connector, beside the database' : 'in the platform’s account';
      rows.push(
        `- Task: [${called.name}](../../functions/${called.capability}/tasks/${called.name}.ts), ${where}, at most ${called.facts.timeoutSeconds} s an invocation`,
      );
      rows.push(`- Rights: ${called.rights.join(', ')}`);
    } else rows.push(`- Calls: \`${state.Resource}\``);
    if (state.Resource.endsWith('.waitForTaskToken')) rows.push('- Waits for its task token to be answered');
    rows.push(`- Timeout: ${plain(String(state.TimeoutSeconds))} s`);
  }
  if ('Catch' in state) {
    for (const { ErrorEquals, Next } of state.Catch ?? [])
      rows.push(`- On ${ErrorEquals.join(', ')}: ${Next}`);
  }
  if ('Next' in state && state.Next !== undefined) rows.push(`- Then: ${state.Next}`);
  if (state.Type === 'Choice') {
    for (const { Condition, Next } of state.Choices) rows.push(`- \`${plain(String(Condition))}\`: ${Next}`);
    if (state.Default !== undefined) rows.push(`- Otherwise: ${state.Default}`);
  }
  return rows.length === 0 ? [] : [...rows, ''];
}

interface Called {
  capability: string;
  name: string;
  facts: FunctionFacts;
  rights: readonly string[];
}

const callable = (
  capability: string,
  functions: Readonly<Record<string, FunctionFacts>>,
  grants: Readonly<Record<string, readonly string[]>>,
): Called[] =>
  Object.entries(functions).map(([name, facts]) => ({ capability, name, facts, rights: grants[name] ?? [] }));

/** Every function that a state machine may call: of the capability that it belongs to. */
const functions = [
  ...callable('apis', apiFunctions, apiGrants),
  ...callable('deployments', deploymentFunctions, deploymentGrants),
  ...callable('migrations', migrationFunctions, migrationGrants),
];

function functionOf(given: unknown, capability: string): Called | undefined {
  const text = String(given);
  const camel = /functions\.(\w+) /.exec(text)?.[1] ?? /\$\{(\w+)FunctionArn\}/.exec(text)?.[1];
  const own = functions.filter((one) => one.capability === capability);
  return own.find(({ name }) => name.replaceAll('-', '').toLowerCase() === camel?.toLowerCase());
}

/** The retries of the machine, once for all states that have the same. */
function retryNotes(definition: Definition): string[] {
  const states = (scope: Scope): State[] =>
    Object.values(scope.States).flatMap((state) => [state, ...innerScopes(state).flatMap(states)]);
  const kinds = new Set(
    states(definition).flatMap((state) =>
      state.Type === 'Task'
        ? (state.Retry ?? []).map(
            (retry) =>
              `- ${retry.ErrorEquals.join(', ')}: up to ${retry.MaxAttempts} times, after ${retry.IntervalSeconds} s and ${retry.BackoffRate} times longer each time, at most ${retry.MaxDelaySeconds} s, with full jitter`,
          )
        : [],
    ),
  );
  return [
    '## Retries',
    '',
    'What a task retries; everything else goes to its Catch at once.',
    '',
    ...kinds,
    '',
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of await workflowDocuments()) await writeFile(join(folder, name), text);
}
