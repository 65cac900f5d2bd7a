import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { apiFunctions } from '#apis/functions.ts';
import { configurationFunctions } from '#configuration/functions.ts';
import { deploymentFunctions } from '#deployments/functions.ts';
import { camelName, leaseMs, migrationFunctions } from '#migrations/functions.ts';
import { pascalCase } from '../../cdk/constructs/names.ts';
import { root } from '../../cdk/constructs/repository.ts';
import { readDefinition, usesOf } from '../../cdk/constructs/state-machine-file.ts';
import { apis } from '../../cdk/slices/apis.ts';
import { configuration } from '../../cdk/slices/configuration.ts';
import { deployments } from '../../cdk/slices/deployments.ts';
import { flags } from '../../cdk/slices/flags.ts';
import { migrationMachines } from '../../cdk/slices/migration-tasks.ts';
import { functionNames } from './bundle-facts.ts';

const files = readdirSync(`${root}state-machines`).filter((file) => file.endsWith('.asl.json'));
const everyMachine = files.map((file) => {
  const name = file.replace('.asl.json', '');
  const definition = readDefinition(`${root}state-machines/${file}`);
  return { name, definition, uses: usesOf(name, definition) };
});
const elsewhere = [deployments, apis, configuration, flags].flatMap(({ machines: own }) => [...own]);
const machines = everyMachine.filter(({ name }) => !elsewhere.includes(name));

/** Functions that state machines do not invoke, and who does. */
const invokedOtherwise = new Set([
  'api',
  'inspect-database',
  'check-schema',
  'import-history',
  'detect-drift',
  'deliver-webhooks',
  'list-schemas',
  'plan-migration',
  'restore-rows',
  'verify-backup',
  'eject-script',
  'list-errors',
  'redrive-errors',
  'reconcile',
  'watch-migrations',
  'publish-events',
]);

const task = z.looseObject({
  Type: z.literal('Task'),
  Comment: z.string().min(10),
  TimeoutSeconds: z.union([z.number().positive(), z.string().startsWith('{%')]),
  Retry: z.array(z.looseObject({ ErrorEquals: z.array(z.string()).min(1) })).min(1),
  Catch: z.array(z.looseObject({ ErrorEquals: z.array(z.string()).min(1) })).min(1),
});

function statesIn(value: unknown): [string, object][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(typeof inner === 'object' && inner !== null && 'Type' in inner
      ? [[name, inner] as [string, object]]
      : []),
    ...statesIn(inner),
  ]);
}
const tasks = everyMachine.flatMap(({ name, definition }) =>
  statesIn(definition.States)
    .filter(([, state]) => 'Type' in state && state.Type === 'Task')
    .map(([state, body]): [string, object] => [`${name} ${state}`, body]),
);

describe('state machine files', () => {
  it('are all deployed', () => {
    const deployed = [...migrationMachines, ...elsewhere];
    expect(everyMachine.map(({ name }) => name).sort()).toEqual(deployed.sort());
  });

  it('name only functions that exist, in the plane they run in', () => {
    const ofPlane = (plane: string) =>
      functionNames.filter((name) => migrationFunctions[name].plane === plane);
    const control = new Set(ofPlane('control').map((name) => `${pascalCase(name)}FunctionArn`));
    const data = new Set(ofPlane('data').map(camelName));
    for (const { name, uses } of machines) {
      expect({ name, unknown: uses.functions.filter((each) => !control.has(each)) }).toEqual({
        name,
        unknown: [],
      });
      expect({ name, unknown: uses.connectorFunctions.filter((each) => !data.has(each)) }).toEqual({
        name,
        unknown: [],
      });
    }
  });

  it('use every function that nothing else invokes', () => {
    const used = new Set(machines.flatMap(({ uses }) => [...uses.functions, ...uses.connectorFunctions]));
    const idle = functionNames.filter(
      (name) =>
        !used.has(camelName(name)) &&
        !used.has(`${pascalCase(name)}FunctionArn`) &&
        !invokedOtherwise.has(name),
    );
    expect(idle).toEqual([]);
  });

  it('have a file for each function, and a function for each file', () => {
    const tasksOnDisk = readdirSync(`${root}functions/migrations/tasks`)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => file.replace('.ts', ''));
    expect([...tasksOnDisk, 'api'].sort()).toEqual([...functionNames].sort());
  });

  it.each(tasks)('%s has Comment, TimeoutSeconds, Retry, and ends its Catch with States.ALL', (_, state) => {
    const parsed = task.parse(state);
    expect(parsed.Catch.at(-1)?.ErrorEquals).toEqual(['States.ALL']);
    // Time that is over where it was waited for is no failure: a retry would wait as long once more.
    const awaited = parsed.Catch.some(({ ErrorEquals }) => ErrorEquals.includes('States.Timeout'));
    const retried = parsed.Retry.some(({ ErrorEquals }) => ErrorEquals.includes('States.Timeout'));
    expect(awaited && retried).toBe(false);
  });

  it('give every function longer than Lambda does, and less than the lease', () => {
    const named = new Map(
      functionNames.flatMap((name) => [
        [camelName(name), migrationFunctions[name].timeoutSeconds],
        [`${pascalCase(name)}FunctionArn`, migrationFunctions[name].timeoutSeconds],
      ]),
    );
    for (const { name, uses } of machines) {
      for (const { function: called, seconds } of uses.answerSeconds) {
        const limit = named.get(called) ?? Number.POSITIVE_INFINITY;
        expect(seconds, `${name} ${called}`).toBeGreaterThan(limit);
        expect(seconds * 1_000, `${name} ${called}`).toBeLessThan(leaseMs);
      }
    }
  });
});

describe.each([
  ['deployments', deploymentFunctions, deployments.machines],
  ['apis', apiFunctions, apis.machines],
  ['configuration', configurationFunctions, configuration.machines],
] as const)('state machines of %s', (capability, functions, names) => {
  const limits = new Map(
    Object.entries(functions).map(([name, { timeoutSeconds }]) => [
      `${pascalCase(name)}FunctionArn`,
      timeoutSeconds,
    ]),
  );
  const own = everyMachine.filter(({ name }) => names.includes(name));

  it('name only functions that exist, and give each longer than Lambda does', () => {
    expect(own.length).toBe(names.length);
    for (const { name, uses } of own) {
      expect({ name, unknown: uses.functions.filter((each) => !limits.has(each)) }).toEqual({
        name,
        unknown: [],
      });
      for (const { function: called, seconds } of uses.answerSeconds)
        expect(seconds, `${name} ${called}`).toBeGreaterThan(limits.get(called) ?? 0);
    }
  });

  it('have a file for each function, and a function for each file', () => {
    const files = readdirSync(`${root}functions/${capability}/tasks`)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => file.replace('.ts', ''));
    expect([...files, 'api'].sort()).toEqual(Object.keys(functions).sort());
  });
});

describe('rights derived from a definition', () => {
  const one = (state: object) => ({ StartAt: 'A', States: { A: { Type: 'Task', ...state } } });

  it('refuse a kind of task they do not know', () => {
    const definition = one({ Resource: 'arn:aws:states:::aws-sdk:s3:deleteObject', Arguments: {} });
    expect(() => usesOf('m', definition)).toThrow(/no rights are known.*deleteObject/);
  });

  it('refuse a function named by anything but a placeholder or a connector', () => {
    const definition = one({
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { FunctionName: '{% $states.input.functionName %}' },
    });
    expect(() => usesOf('m', definition)).toThrow(/expected a placeholder/);
  });

  it('see nested state machines that are waited for, and distributed Maps', () => {
    const nested = one({
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of a state machine file
      Arguments: { StateMachineArn: '${MigrationStateMachineArn}' },
    });
    expect(usesOf('m', nested).awaitsStateMachines).toEqual(['MigrationStateMachineArn']);
    const map = {
      StartAt: 'A',
      States: { A: { Type: 'Map', ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' } } } },
    };
    expect(usesOf('m', map).distributedMap).toBe(true);
  });
});
