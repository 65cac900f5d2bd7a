import { describe, expect, it } from 'vitest';
import { type Platform, schemaOf, startPlatform } from './harness.ts';

/**
 * Restarts the platform the first time each function is called: once before its handler runs, once when it has done
 * its work and nobody has heard of it. Returns which calls were cut off.
 */
function cutEveryFunctionOff(platform: Platform): { cuts: string[]; settled: () => Promise<void> } {
  const cuts: string[] = [];
  let restarting: Promise<void> = Promise.resolve();
  let busy = false;
  platform.hook.current = async ({ name, stage }) => {
    // What the new platform takes up at once waits its turn: otherwise its first function would slip through.
    if (platform.starting !== undefined) {
      await platform.starting;
      await restarting;
    }
    const cut = `${name.replace('migrations-', '')} ${stage}`;
    if (busy || cuts.includes(cut) || ['api', 'reconcile'].some((other) => cut.startsWith(other))) return;
    cuts.push(cut);
    busy = true;
    // The engine stops while the invocation is under way: its answer reaches nobody.
    const stopped = platform.cloud.engine.stop();
    restarting = stopped
      .then(() => platform.restart())
      .finally(() => {
        busy = false;
      });
    await stopped;
    throw new Error('cut off');
  };
  return { cuts, settled: () => restarting };
}

/**
 * Asks for something of a platform that may die while it answers: as a client does, asks again. What was decided before
 * it died is stored, and the reconciler acts on it.
 */
async function asks(
  platform: Platform,
  id: string,
  verb: string,
  body: object,
  { settled }: ReturnType<typeof cutEveryFunctionOff>,
): Promise<void> {
  const { status: before } = await platform.show(id);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const answered = await platform.act(id, verb, body).then(
      () => true,
      () => false,
    );
    await settled();
    if (answered) return;
    await platform.invoke('reconcile');
    await settled();
    if ((await platform.show(id)).status !== before) return;
  }
  throw new Error(`${verb} was never taken`);
}

/** Looks until the migration is there, whatever the platform does meanwhile. */
async function reaches(
  platform: Platform,
  id: string,
  status: string,
  { cuts, settled }: ReturnType<typeof cutEveryFunctionOff>,
) {
  for (let look = 0; look < 2_000; look += 1) {
    await settled();
    const seen = await platform.show(id).catch(() => undefined);
    // The last function is cut off, too, when its work is done and the status says so already.
    if (seen?.status === status && cuts.includes('complete-migration after')) {
      await settled();
      return seen;
    }
    if (seen?.failure) throw new Error(`failed instead: ${JSON.stringify(seen.failure)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never ${status}: ${JSON.stringify(await platform.show(id))}`);
}

describe('a platform that dies', () => {
  it('before and after every function goes on where it was, there and back', {
    timeout: 240_000,
  }, async () => {
    const platform = await startPlatform({ rows: 60 });
    const before = await schemaOf(platform.sql);
    const { id } = await platform.plan('05-shop.yaml', { options: { soakSeconds: 0 } });
    const drill = cutEveryFunctionOff(platform);
    await asks(platform, id, 'start', {}, drill);
    const completed = await reaches(platform, id, 'completed', drill);
    for (const task of [
      'plan-migration',
      'acquire-lock',
      'expand',
      'backfill-range',
      'verify-range',
      'publish',
      'contract',
      'complete-migration',
    ]) {
      expect(drill.cuts).toContain(`${task} before`);
      expect(drill.cuts).toContain(`${task} after`);
    }
    expect(completed.progress).toMatchObject({ rowsDone: 120, rowsTotal: 120 });
    expect(
      await platform.sql(
        `SELECT count(*)::int AS wrong FROM "${completed.versionSchema}".customers c JOIN public.customers o USING (id)
           WHERE o.name <> CASE WHEN c.first_name = '' THEN c.last_name ELSE c.first_name || ' ' || c.last_name END`,
      ),
    ).toEqual([{ wrong: 0 }]);

    const back = cutEveryFunctionOff(platform);
    await asks(platform, id, 'undo', { acceptLosses: true }, back);
    const undone = await reaches(platform, id, 'undone', back);
    expect(back.cuts).toEqual(
      expect.arrayContaining(['restore-constraints after', 'revert before', 'revert after']),
    );
    expect(undone.differences).toEqual([]);
    platform.hook.current = undefined;
    expect(await schemaOf(platform.sql)).toEqual(before);
  });
});

describe('at-least-once delivery', () => {
  it.each(['sequentially', 'concurrently'] as const)(
    'every task invoked twice, %s, does its work once',
    async (duplicate) => {
      const platform = await startPlatform({ rows: 200, duplicate });
      const before = await schemaOf(platform.sql);
      const { id } = await platform.plan('05-shop.yaml', { options: { soakSeconds: 0 } });
      await platform.act(id, 'start');
      const completed = await platform.until(id, 'completed');
      expect(completed.progress).toMatchObject({ rowsDone: 400, rowsTotal: 400 });
      expect(completed.verification).toMatchObject({ wrong: 0 });
      await platform.act(id, 'undo', { acceptLosses: true });
      await platform.until(id, 'undone');
      expect(await schemaOf(platform.sql)).toEqual(before);
    },
  );
});
