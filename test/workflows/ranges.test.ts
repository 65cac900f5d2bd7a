import { ListExecutionsCommand, ListMapRunsCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConnectionLost } from '#migrations/errors.ts';
import { readRange, saveRange } from '#migrations/executions/progress.ts';
import { readMigration } from '#migrations/migration-store.ts';
import { stepFunctions } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { type Platform, Sabotage, startPlatform } from './harness.ts';
import { immodest } from './modest.ts';

describe('ranges, each an execution of its own', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 400 });
  });

  /** The ranges' executions, of the migration that runs. */
  const started = async (id: string) => {
    const executionArn = (await readMigration(id)).execution?.arn ?? '';
    const { mapRuns = [] } = await stepFunctions().send(new ListMapRunsCommand({ executionArn }));
    const children = await Promise.all(
      mapRuns.map(({ mapRunArn }) => stepFunctions().send(new ListExecutionsCommand({ mapRunArn }))),
    );
    return children.flatMap(({ executions = [] }) => executions);
  };

  it('that fail at once leave one failure: the first, with how often it was tried', async () => {
    const { plan, act, until, show, hook, send, invoke } = platform;
    const { id } = await plan('01-split-name.yaml', { options: { ranges: 4, concurrency: 4 } });
    const tries = new Map<unknown, number>();
    hook.current = ({ name, stage, event }) => {
      if (name !== 'migrations-backfill-range' || stage !== 'before') return;
      const { range } = Object(event).item;
      tries.set(range, (tries.get(range) ?? 0) + 1);
      throw (tries.get(range) ?? 0) < 3 ? new ConnectionLost('gone') : new Sabotage(`range ${range}`);
    };
    await act(id, 'start');
    await until(id, 'rolled_back');
    hook.current = undefined;
    expect(await show(id)).toMatchObject({
      failure: { name: 'Sabotage', phase: 'backfill', retries: 2 },
      errors: [{ name: 'Sabotage', phase: 'backfill', retries: 2 }],
    });
    await invoke('publish-events');
    const { body } = await send('GET', `/migrations/${id}/events?limit=100`);
    const failed = body.items.filter(({ type }: { type: string }) => type === 'migration.failed');
    expect(failed).toMatchObject([{ data: { failure: 'Sabotage', state: 'BackfillRange' } }]);
    expect(immodest(platform)).toEqual([]);
  });

  it('fail while the migration runs: an event about one is not taken for the end of the migration', async () => {
    const { plan, act, until, show, hook, invoke } = platform;
    const { id } = await plan('01-split-name.yaml', { options: { soakSeconds: 0, ranges: 2 } });
    const answers: unknown[] = [];
    let told = false;
    hook.current = async ({ name, stage }) => {
      if (told || name !== 'migrations-backfill-range' || stage !== 'before') return;
      told = true;
      const [child] = await started(id);
      const parent = (await readMigration(id)).execution?.arn ?? '';
      answers.push(
        await invoke('reconcile', {
          detail: {
            executionArn: child?.executionArn,
            stateMachineArn: `${parent.split(':').slice(0, 5).join(':')}:stateMachine:migration/Backfill`,
            name: child?.name,
            status: 'FAILED',
            input: JSON.stringify({ migrationId: id, item: { work: 'w', range: 0 } }),
          },
        }),
      );
    };
    await act(id, 'start');
    await until(id, 'completed');
    hook.current = undefined;
    expect(answers).toMatchObject([{ payload: { looked: 1, acted: 0 } }]);
    expect((await show(id)).errors).toEqual([]);
  });

  it('beside which no other begins until they leave room, or are done', async () => {
    const { plan, act, until, hook, cloud } = platform;
    const { id } = await plan('02-change-type.yaml', {
      options: { soakSeconds: 0, ranges: 2, concurrency: 2 },
    });
    const item = { work: '', range: 0 };
    const rooms: unknown[] = [];
    let let0 = () => {};
    const parked = new Promise<void>((resolve) => {
      let0 = resolve;
    });
    hook.current = async ({ name, stage, event }) => {
      if (name !== 'migrations-backfill-range') return;
      const { epoch, item: own } = Object(event);
      if (own.range === 0) return stage === 'before' ? parked : undefined;
      item.work = own.work;
      // The first range is at work, and takes all that it can get.
      const first = await readRange(id, 'backfill', 1, item, 'orders');
      if (rooms.length === 0 && stage === 'before')
        await saveRange(id, { ...first, epoch, room: 'enough', updatedAt: clock.now() });
      if (stage === 'before') return;
      rooms.push((await readRange(id, 'backfill', 1, own, 'orders')).room);
      let0();
    };
    await act(id, 'start');
    await parked;
    const later = setInterval(() => void cloud.clock.advance(5_000), 50);
    await until(id, 'completed').finally(() => clearInterval(later));
    hook.current = undefined;
    expect(rooms[0]).toBe('waiting');
    expect(rooms.at(-1)).toBe(null);
  });

  it('that somebody stops without a word lead back as well', async () => {
    const { plan, act, until, show, hook } = platform;
    const { id } = await plan('03-add-not-null.yaml', { options: { ranges: 2, concurrency: 1 } });
    let stopped = false;
    hook.current = async ({ name, stage }) => {
      if (stopped || name !== 'migrations-backfill-range' || stage !== 'before') return;
      stopped = true;
      const [child] = await started(id);
      await stepFunctions().send(new StopExecutionCommand({ executionArn: child?.executionArn }));
    };
    await act(id, 'start');
    await until(id, 'rolled_back');
    hook.current = undefined;
    expect((await show(id)).errors).toMatchObject([
      { name: 'States.ExceedToleratedFailureThreshold', phase: 'backfill' },
    ]);
  });
});
