import { describe, expect, it } from 'vitest';
import type { UpdateRecord } from './records.ts';
import { answerTo } from './tokens.ts';

type Asked = Parameters<typeof answerTo>[1];
const health = (hurriedAt: string | null, lookedAt: string | null): UpdateRecord['health'] => ({
  ...{ forSeconds: 60, urls: [], unknown: 'skip', intervalSeconds: 5, until: null, looks: 1, bad: 0 },
  ...{ seen: [], illBefore: [], skipped: [], hurriedAt, lookedAt },
});
const record = (more: Partial<Asked> = {}): Asked => ({
  id: 'upd_2',
  cancel: null,
  approval: 'none',
  health: health(null, null),
  ...more,
});
const [before, after] = ['2026-01-01T00:00:01.000Z', '2026-01-01T00:00:02.000Z'];
const first = { entries: [{ id: 'upd_2', keys: ['a'] }] };
const second = { entries: [{ id: 'upd_1', keys: ['a'] }, ...first.entries] };
const go = { success: {} };

describe('a waiting state of an update', () => {
  it('goes on when its turn has come, or somebody approved', () => {
    expect(answerTo({ waitsFor: 'slots' }, record(), second)).toBeUndefined();
    expect(answerTo({ waitsFor: 'slots' }, record(), first)).toEqual(go);
    expect(answerTo({ waitsFor: 'approval' }, record({ approval: 'waiting' }), first)).toBeUndefined();
    expect(answerTo({ waitsFor: 'approval' }, record({ approval: 'given' }), first)).toEqual(go);
  });

  it('looks at once when somebody reported since the last look began, also before it waited', () => {
    const asked = (hurried: string | null, looked: string | null) =>
      answerTo({ waitsFor: 'health' }, record({ health: health(hurried, looked) }), first);
    expect(asked(null, before)).toBeUndefined();
    expect(asked(after, before)).toEqual(go);
    expect(asked(before, after)).toBeUndefined();
    expect(asked(before, null)).toEqual(go);
  });

  it('fails whatever it waits for when the update is given up', () => {
    const cancel = { by: 'ada', at: before, why: 'a slip' };
    for (const waitsFor of ['slots', 'approval', 'health'] as const)
      expect(answerTo({ waitsFor }, record({ cancel }), second)).toEqual({
        failure: 'UpdateCancelled',
        cause: 'ada gave it up: a slip',
      });
  });
});
