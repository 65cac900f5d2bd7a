import { beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from './harness.ts';

describe('the forecast of a plan', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 2_000 });
  });

  it('goes by what migrations of the same database have shown before', async () => {
    const { plan, act, until, send } = platform;
    const first = await plan('02-change-type.yaml', { options: { soakSeconds: 0 } });
    const bases = async (id: string) => {
      const { body } = await send('GET', `/migrations/${id}/plan`);
      return body.forecast.steps.flatMap((step: { phase: string; basis: string; lock: { basis: string } }) =>
        ['expand', 'backfill', 'verify'].includes(step.phase)
          ? [`${step.phase} ${step.basis}, lock ${step.lock.basis}`]
          : [],
      );
    };
    const unmeasured = [
      'expand catalogue, lock default',
      'backfill default, lock default',
      'verify default, lock default',
    ];
    expect(await bases(first.id)).toEqual(unmeasured);
    await act(first.id, 'start');
    await until(first.id, 'completed');
    const second = await plan('01-split-name.yaml');
    expect(await bases(second.id)).toEqual([
      'expand catalogue, lock measured',
      'backfill measured, lock measured',
      'verify measured, lock default',
    ]);
  });
});
