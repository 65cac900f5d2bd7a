import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../end-to-end/platform.ts';
import { type MortalPlatform, startMortal } from './platform.ts';
import { openShop } from './shop.ts';

let platform: MortalPlatform | undefined;
const folder = mkdtempSync(join(tmpdir(), 'theseus-chaos-machines-'));
afterEach(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The state machines of the next release: a state renamed, another put before it. */
function nextRelease(): void {
  cpSync(fileURLToPath(new URL('../../state-machines', import.meta.url)), folder, { recursive: true });
  const file = join(folder, 'migration.asl.json');
  const renamed = readFileSync(file, 'utf8').replaceAll('"Publish"', '"ShowToClients"');
  const machine = JSON.parse(renamed) as { States: Record<string, object> };
  machine.States.PlanBackfill = {
    Type: 'Pass',
    Comment: 'New in this release.',
    Next: 'PlanBackfillNow',
  };
  const { States } = JSON.parse(renamed) as { States: Record<string, object> };
  machine.States.PlanBackfillNow = States.PlanBackfill ?? {};
  writeFileSync(file, JSON.stringify(machine));
}

/** The names of the states that a migration's executions entered: its own, and those of its ranges. */
function statesEntered(directory: string, migrationId: string): string[] {
  const executions = join(directory, 'step-functions', 'executions');
  const texts = readdirSync(executions).map((name) => readFileSync(join(executions, name), 'utf8'));
  const text = texts.filter((one) => one.includes(migrationId)).join('');
  return [...text.matchAll(/"stateEnteredEventDetails":\{"name":"([^"]+)"/g)].map(([, name = '']) => name);
}

it('a deployment in the middle of the backfill: what runs ends on its own definition, what starts has the new one', async () => {
  nextRelease();
  const shop = await openShop(2_000);
  platform = await startMortal(shop.url);
  const running = await platform.plan('01-split-name.yaml', { soakSeconds: 0 });
  await platform.kill({ deaths: ['migration entered BackfillRange'] });
  platform.next({ stateMachines: folder });
  shop.open('old', null);
  await platform.start(running);
  await platform.die('migration entered BackfillRange');
  await platform.reach(running.id, 'completed');

  const later = await platform.plan('04-rename-table.yaml', { soakSeconds: 0 });
  await platform.start(later);
  await platform.reach(later.id, 'completed');
  await shop.close('old');
  expect(shop.errors()).toEqual([]);
  expect(await shop.check('old')).toMatchObject({ wrong: [] });

  const [old, fresh] = await Promise.all(
    [running, later].map(({ id }) =>
      // The record says so shortly before its execution ends.
      eventually(async () => {
        const states = statesEntered(platform?.directory ?? '', id);
        return states.includes('Completed') ? states : undefined;
      }, `the end of ${id}`),
    ),
  );
  expect(old).toEqual(expect.arrayContaining(['BackfillRange', 'Publish', 'Completed']));
  expect(old).not.toContain('ShowToClients');
  expect(fresh).toEqual(expect.arrayContaining(['PlanBackfillNow', 'ShowToClients', 'Completed']));
  expect(fresh).not.toContain('Publish');
});
