import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, it } from 'vitest';
import { readMigration } from '#migrations/migration-store.ts';
import { stepFunctions } from '#platform/clients.ts';
import { type Platform, Sabotage, schemaOf, startPlatform } from './harness.ts';

describe('the reconciler', () => {
  let platform: Platform;
  let before: unknown;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 50 });
    before = await schemaOf(platform.sql);
  });

  const soaking = async () => {
    const { id } = await platform.plan('01-split-name.yaml', { options: { soakSeconds: 3_600 } });
    await platform.act(id, 'start');
    return platform.until(id, 'soaking');
  };
  const stop = async (id: string) => {
    const { execution } = await readMigration(id);
    await stepFunctions().send(new StopExecutionCommand({ executionArn: execution?.arn ?? '' }));
  };

  it('rolls back a migration whose execution was aborted, by the event', async () => {
    const { id } = await soaking();
    await stop(id);
    const rolledBack = await platform.until(id, 'rolled_back');
    expect(rolledBack.failure).toMatchObject({ name: 'ExecutionDied' });
    expect(await schemaOf(platform.sql)).toEqual(before);
  });

  it('starts a rollback again that died itself, and gives up after five times with the way out', async () => {
    const { hook, act, until, invoke, sql } = platform;
    const { id } = await soaking();
    let tries = 0;
    hook.current = ({ name, stage }) => {
      if (name !== 'migrations-revert' || stage !== 'before') return;
      tries += 1;
      throw new Sabotage('cannot revert');
    };
    await act(id, 'rollback');
    const failed = await until(id, 'failed');
    expect(tries).toBe(5);
    expect(failed.failure).toMatchObject({ name: 'Sabotage' });
    expect(failed.next.map(({ path }) => path)).toEqual([`/migrations/${id}/rollback`]);
    // Left between two states, the schema takes no other migration.
    const other = await platform.plan('04-rename-table.yaml');
    const refused = await platform.send('POST', `/migrations/${other.id}/start`, {});
    expect(refused.body).toMatchObject({ status: 409, evidence: { holder: id, status: 'failed' } });
    hook.current = undefined;
    await act(id, 'rollback');
    await until(id, 'rolled_back');
    expect(await schemaOf(sql)).toEqual(before);
    await invoke('reconcile');
  });

  it('starts an execution that the record names and nobody started', async () => {
    const { plan, act, until, invoke, cloud, show } = platform;
    const { id } = await plan('04-rename-table.yaml', { options: { soakSeconds: 0 } });
    const refusing = cloud.engine.startExecution;
    cloud.engine.startExecution = () => Promise.reject(new Error('the process died here'));
    await expect(act(id, 'start')).rejects.toThrow('500');
    cloud.engine.startExecution = refusing;
    expect(await show(id)).toMatchObject({ status: 'running', phase: 'plan' });
    await invoke('reconcile');
    await until(id, 'completed');
    await act(id, 'undo');
    await until(id, 'undone');
  });

  it('delivers an answer that was decided and not sent', async () => {
    const { act, until, invoke, cloud, hook } = platform;
    const { id } = await soaking();
    hook.current = undefined;
    await platform.restart();
    // The decision is in the record; the process died before the state heard of it.
    const { changeMigration } = await import('#migrations/migration-store.ts');
    await changeMigration(id, () => ({
      set: { complete: { by: 'someone', at: new Date(cloud.clock.now()).toISOString(), comment: null } },
    }));
    await invoke('reconcile');
    await until(id, 'completed');
    await act(id, 'undo', { acceptLosses: true });
    await until(id, 'undone');
  });

  it('rejects a plan that was cut off', async () => {
    const { plan, invoke, cloud, until } = platform;
    const { changeMigration } = await import('#migrations/migration-store.ts');
    const { id } = await plan('04-rename-table.yaml');
    await changeMigration(id, () => ({ set: { status: 'planning', plan: null } }));
    await cloud.clock.advance(16 * 60_000);
    await invoke('reconcile');
    expect((await until(id, 'rejected')).failure).toMatchObject({ name: 'ExecutionDied' });
  });
});
