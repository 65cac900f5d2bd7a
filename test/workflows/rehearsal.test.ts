import { beforeAll, describe, expect, it } from 'vitest';
import { capabilities } from '#local/capabilities.ts';
import { loadDefinitions } from '#local/definitions.ts';
import { createLab } from '#local/step-functions/fixtures/lab.ts';
import { type Platform, Sabotage, startPlatform } from './harness.ts';

describe('a rehearsal on the platform', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 300 });
  });
  const ended = async (id: string, sample: number) => {
    const { send } = platform;
    const begun = await send('POST', `/migrations/${id}/rehearsals`, { sample });
    expect(begun).toMatchObject({ status: 202, body: { status: 'running', report: null } });
    const path = `/migrations/${id}/rehearsals/${begun.body.id}`;
    await expect
      .poll(async () => (await send('GET', path)).body.status, { timeout: 60_000, interval: 100 })
      .not.toBe('running');
    return (await send('GET', path)).body;
  };
  const copiesOf = (id: string) =>
    platform.sql('SELECT FROM pg_database WHERE datname = $1', [`theseus_rehearsal_${id}`]);

  it('reports what each phase took, and leaves neither the copy nor a trace in the database', async () => {
    const { plan, sql, send } = platform;
    const { id } = await plan('05-shop.yaml');
    const found = await ended(id, 100);
    expect(found).toMatchObject({
      status: 'passed',
      failure: null,
      report: { differences: [], failure: null },
    });
    expect(found.report.phases.length).toBeGreaterThan(6);
    expect(await copiesOf(found.id)).toEqual([]);
    expect(await sql("SELECT FROM pg_namespace WHERE nspname = 'theseus'")).toEqual([]);
    expect((await send('GET', `/migrations/${id}`)).body.status).toBe('planned');
    const list = await send('GET', `/migrations/${id}/rehearsals`);
    expect(list.body.items).toMatchObject([{ id: found.id, status: 'passed' }]);
  });

  it('goes on in as many invocations as it needs', async () => {
    const definitions: Record<string, object> = Object.assign(
      {},
      ...(await Promise.all(capabilities.map(loadDefinitions))),
    );
    const asked: unknown[] = [];
    const rehearseMigration = (input: unknown) => {
      asked.push(input);
      return { status: asked.length < 4 ? 'running' : 'passed' };
    };
    const lab = await createLab({ definitions, functions: { rehearseMigration } });
    const execution = await lab.start('migration-rehearsal', {
      migrationId: 'mig_1',
      rehearsalId: 'reh_1',
      connector: {
        roleArn: 'arn:aws:iam::000000000000:role/connector',
        functions: { rehearseMigration: 'rehearseMigration' },
      },
    });
    const { status } = await lab.finish(execution);
    await lab.dispose();
    expect({ status, calls: asked.length }).toEqual({ status: 'SUCCEEDED', calls: 4 });
  });

  it('drops the copy and says why when it could not come to its end', async () => {
    const { plan, hook } = platform;
    const { id } = await plan('02-change-type.yaml');
    let times = 0;
    hook.current = ({ name, stage }) => {
      if (name !== 'migrations-rehearse-migration' || stage !== 'before' || times > 0) return;
      times += 1;
      throw new Sabotage('not today');
    };
    const found = await ended(id, 10);
    hook.current = undefined;
    expect(found).toMatchObject({ status: 'failed', report: null, failure: { name: 'Sabotage' } });
    expect(await copiesOf(found.id)).toEqual([]);
  });
});
