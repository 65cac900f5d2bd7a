import { describe, expect, it } from 'vitest';
import * as apiErrors from '#apis/errors.ts';
import { apiFunctions } from '#apis/functions.ts';
import * as configurationErrors from '#configuration/errors.ts';
import { configurationFunctions } from '#configuration/functions.ts';
import * as deploymentErrors from '#deployments/errors.ts';
import { deploymentFunctions } from '#deployments/functions.ts';
import * as flagErrors from '#flags/errors.ts';
import { flagFunctions } from '#flags/functions.ts';
import { capabilities } from '#local/capabilities.ts';
import { type Capability, functionName } from '#local/capability.ts';
import { loadDefinitions } from '#local/definitions.ts';
import { functionArn } from '#local/lambda/arn.ts';
import { type Definition, innerScopes, type Scope, type State } from '#local/step-functions/definition.ts';
import { loadDefinition } from '#local/step-functions/load.ts';
import { validateStateMachines } from '#local/step-functions/validate.ts';
import * as migrationErrors from '#migrations/errors.ts';
import { leaseMs, migrationFunctions } from '#migrations/functions.ts';
import * as platformErrors from '#platform/errors.ts';
import { DeadlineNear } from '#platform/task.ts';

const definitions: Record<string, object> = Object.assign(
  {},
  ...(await Promise.all(capabilities.map(loadDefinitions))),
);

const statesOf = (scope: Scope): [string, State][] =>
  Object.entries(scope.States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...innerScopes(state).flatMap(statesOf),
  ]);
const machines = Object.entries(definitions).map(([name, source]): [string, Definition] => [
  name,
  loadDefinition(name, source),
]);
const lambdaTasks = machines.flatMap(([machine, definition]) =>
  statesOf(definition).flatMap(([name, state]) =>
    state.Type === 'Task' && state.Resource.includes(':lambda:') ? [{ machine, name, state }] : [],
  ),
);
const ofCapability = (wanted: Capability['name']) => {
  const owned = capabilities.find(({ name }) => name === wanted)?.stateMachines ?? {};
  return lambdaTasks.filter(({ machine }) => machine in owned);
};

/** Failures that only the HTTP API raises. */
const notOfTasks = new Set(['RequestInProgress']);
/** Failures of tasks that say they are retryable: the platform's, and those of the capability. */
const retryableOf = (own: object): string[] =>
  Object.entries({ ...platformErrors, ...own, DeadlineNear }).flatMap(([name, Class]: [string, unknown]) => {
    if (typeof Class !== 'function' || !/^[A-Z]/.test(name)) return [];
    if (name === 'TheseusError' || notOfTasks.has(name)) return [];
    const error: unknown = Reflect.construct(Class, ['for its name']);
    return error instanceof platformErrors.TheseusError && error.retryable ? [error.name] : [];
  });

describe('the state machine files', () => {
  it('pass the gate', () => {
    const functions = capabilities.flatMap((capability) =>
      Object.keys(capability.functions).map((name) => functionArn(functionName(capability, name))),
    );
    expect(validateStateMachines(definitions, { functions })).toEqual([]);
  });

  it.each([
    ['migrations', migrationErrors],
    ['deployments', deploymentErrors],
    ['apis', apiErrors],
    ['configuration', configurationErrors],
    ['flags', flagErrors],
  ])('of %s retry exactly the failures that say they are retryable', (capability, errors) => {
    const retryable = retryableOf(errors);
    const tasks = ofCapability(capability);
    expect(tasks.length).toBeGreaterThan(5);
    for (const { name, state } of tasks) {
      const ours = (state.Retry ?? [])
        .flatMap((retrier) => retrier.ErrorEquals)
        .filter((one) => !one.includes('.'));
      const aws = new Set([
        'ThrottlingException',
        'ProvisionedThroughputExceededException',
        'RequestLimitExceeded',
        'InternalServerError',
        'InternalError',
        'SlowDown',
        'TimeoutError',
      ]);
      expect(ours.filter((one) => !aws.has(one)).sort(), name).toEqual([...retryable].sort());
    }
  });

  it('wait longer for a task than its function may run, and less long than its lease holds', () => {
    const byCamel = [
      ...Object.entries(migrationFunctions).map(([name, facts]) => ({
        pattern: new RegExp(
          `functions\\.${name.replaceAll(/-(\w)/g, (_, c: string) => c.toUpperCase())} |function:migrations-${name}$`,
        ),
        timeout: facts.timeoutSeconds,
      })),
      ...Object.entries(deploymentFunctions).map(([name, facts]) => ({
        pattern: new RegExp(`function:deployments-${name}$`),
        timeout: facts.timeoutSeconds,
      })),
      ...Object.entries(apiFunctions).map(([name, facts]) => ({
        pattern: new RegExp(`function:apis-${name}$`),
        timeout: facts.timeoutSeconds,
      })),
      ...Object.entries(configurationFunctions).map(([name, facts]) => ({
        pattern: new RegExp(`function:configuration-${name}$`),
        timeout: facts.timeoutSeconds,
      })),
      ...Object.entries(flagFunctions).map(([name, facts]) => ({
        pattern: new RegExp(`function:flags-${name}$`),
        timeout: facts.timeoutSeconds,
      })),
    ];
    for (const { name, state } of lambdaTasks) {
      const called = String(state.Arguments.FunctionName);
      const facts = byCamel.find(({ pattern }) => pattern.test(called));
      expect(facts, `${name} calls ${called}`).toBeDefined();
      if (state.Resource.endsWith('.waitForTaskToken')) continue;
      expect(state.TimeoutSeconds, name).toBeGreaterThan(facts?.timeout ?? 0);
      expect(Number(state.TimeoutSeconds) * 1_000, name).toBeLessThan(leaseMs);
    }
  });

  it('use every function that is a task of theirs', () => {
    const text = JSON.stringify(definitions);
    const called = Object.keys(migrationFunctions).filter(
      (name) =>
        text.includes(`functions.${name.replaceAll(/-(\w)/g, (_, c: string) => c.toUpperCase())} `) ||
        text.includes(`:migrations-${name}"`),
    );
    const besides = [
      'inspect-database',
      'restore-rows',
      'verify-backup',
      'eject-script',
      'list-errors',
      'redrive-errors',
      'check-schema',
      'import-history',
      'detect-drift',
      'list-schemas',
      'reconcile',
      'watch-migrations',
      'deliver-webhooks',
      'publish-events',
      'api',
    ];
    expect([...called, ...besides].sort()).toEqual(Object.keys(migrationFunctions).sort());
  });

  it('use every function of deployments that nothing else invokes', () => {
    const text = JSON.stringify(definitions);
    const idle = Object.keys(deploymentFunctions).filter((name) => !text.includes(`:deployments-${name}"`));
    expect(idle.sort()).toEqual(['api', 'publish-events', 'reconcile']);
  });

  it('use every function of APIs that nothing else invokes', () => {
    const text = JSON.stringify(definitions);
    const idle = Object.keys(apiFunctions).filter((name) => !text.includes(`:apis-${name}"`));
    expect(idle.sort()).toEqual([
      'api',
      'deliver-notices',
      'describe-api',
      'publish-deprecation-events',
      'reconcile-deprecations',
      'sweep-apis',
    ]);
  });

  it('use every function of configuration that nothing else invokes', () => {
    const text = JSON.stringify(definitions);
    const idle = Object.keys(configurationFunctions).filter(
      (name) => !text.includes(`:configuration-${name}"`),
    );
    expect(idle.sort()).toEqual([
      'api',
      'check-configuration-compliance',
      'detect-configuration-drift',
      'publish-configuration',
      'reconcile-updates',
      'rotate-secrets',
      'sweep-updates',
      'tend-secrets',
    ]);
  });

  it('hand data-plane tasks the role of the connector and take nothing of it from their input', () => {
    for (const { name, state } of lambdaTasks) {
      const fromConnector = String(state.Arguments.FunctionName).includes('$connector.functions.');
      expect(state.Credentials?.RoleArn, name).toBe(fromConnector ? '{% $connector.roleArn %}' : undefined);
    }
  });
});
