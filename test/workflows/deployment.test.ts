import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { capabilities } from '#local/capabilities.ts';
import { startPlatform } from './harness.ts';

/** A later version of the migration's state machine, with which no execution would ever end well. */
const other = {
  QueryLanguage: 'JSONata',
  StartAt: 'Stop',
  TimeoutSeconds: 60,
  States: { Stop: { Type: 'Fail', Comment: 'Another definition.', Error: 'NewDefinition' } },
};

it('a deployment in the middle of a backfill does not change the migration that runs', async () => {
  const platform = await startPlatform({ rows: 1_000 });
  const { plan, act, until, hook } = platform;
  const { id } = await plan('02-change-type.yaml', {
    options: { soakSeconds: 0, ranges: 4, concurrency: 1 },
  });
  let ranges = 0;
  hook.current = async ({ name, stage }) => {
    if (name !== 'migrations-backfill-range' || stage !== 'after') return;
    ranges += 1;
    if (ranges === 2) await act(id, 'pause');
  };
  await act(id, 'start');
  const paused = await until(id, 'paused');
  expect(paused.progress.rowsDone).toBeLessThan(1_000);
  hook.current = undefined;

  const folder = await mkdtemp(join(tmpdir(), 'theseus-deployment-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'migration.asl.json');
  await writeFile(file, JSON.stringify(other));
  await platform.restart({
    capabilities: capabilities.map((capability) => ({
      ...capability,
      schedules: [],
      stateMachines: { ...capability.stateMachines, migration: pathToFileURL(file) },
    })),
  });
  await act(id, 'resume');
  const completed = await until(id, 'completed');
  expect(completed.progress).toMatchObject({ rowsDone: 1_000, rowsWritten: 1_000 });

  // The next one runs as it was deployed: it fails before it has changed anything.
  const next = await plan('04-rename-table.yaml');
  await act(next.id, 'start');
  expect((await until(next.id, 'rejected')).failure).toMatchObject({ name: 'ExecutionDied' });
});
