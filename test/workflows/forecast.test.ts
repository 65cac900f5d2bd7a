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
      return body.forecast.steps.flatMap((step: { phase: string; basis: string }) =>
        ['backfill', 'verify'].includes(step.phase) ? [`${step.phase} ${step.basis}`] : [],
      );
    };
    expect(await bases(first.id)).toEqual(['backfill default', 'verify default']);
    await act(first.id, 'start');
    await until(first.id, 'completed');
    const second = await plan('01-split-name.yaml');
    expect(await bases(second.id)).toEqual(['backfill measured', 'verify measured']);
  });
});
