import { describe, expect, it } from 'vitest';
import { defaultConnector } from '#migrations/connectors/default.ts';
import { capabilities } from './capabilities.ts';
import type { Capability } from './capability.ts';
import { loadDefinitions } from './definitions.ts';
import { functionEnvironment, setEnvironment } from './environment.ts';
import { stateMachineArn } from './step-functions/arns.ts';
import { loadDefinition } from './step-functions/load.ts';

describe.each(capabilities.map((one): [string, Capability] => [one.name, one]))('%s', (_name, capability) => {
  it('has state machines whose placeholders resolve and that the engine takes', async () => {
    const definitions = await loadDefinitions(capability);
    expect(Object.keys(definitions)).toEqual(Object.keys(capability.stateMachines));
    for (const [name, definition] of Object.entries(definitions)) {
      expect(JSON.stringify(definition)).not.toContain('${');
      expect(() => loadDefinition(name, definition)).not.toThrow();
    }
  });

  it('points rules, schedules and paths at functions it has', () => {
    const targets = [...capability.rules, ...capability.schedules, ...capability.http].map(
      (one) => one.function,
    );
    expect(targets.filter((name) => !(name in capability.functions))).toEqual([]);
  });

  // Handlers pull in parsers and drivers: the first import of all takes longer than a test usually may.
  it('has a handler in every function’s file', { timeout: 30_000 }, async () => {
    for (const [name, definition] of Object.entries(capability.functions)) {
      expect(typeof (await definition.load()).handler, name).toBe('function');
    }
  });
});

describe('the environment', () => {
  it('connects state machines to every function they call by name of the connector', async () => {
    const variables = functionEnvironment(capabilities, 'http://127.0.0.1:1', stateMachineArn);
    const restore = setEnvironment(variables);
    const connector = defaultConnector();
    restore();
    const text = JSON.stringify(await Promise.all(capabilities.map(loadDefinitions)));
    const called = [...text.matchAll(/\$connector\.functions\.(\w+)/g)].map((found) => found[1]);
    expect(called.length).toBeGreaterThan(10);
    for (const name of new Set(called)) {
      expect(connector).toHaveProperty(`functions.${name}`, expect.stringContaining(':function:migrations-'));
    }
    expect(variables.MIGRATION_ROLLBACK_STATE_MACHINE_ARN).toContain(':stateMachine:migration-rollback');
  });
});
