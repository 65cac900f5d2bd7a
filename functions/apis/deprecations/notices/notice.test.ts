import { expect, it } from 'vitest';
import { type NoticeKind, toldOf } from './notice.ts';

const consumer = (name: string, consented: boolean) => ({
  consumer: name,
  requests: 1,
  lastSeen: null,
  uses: [],
  consented: consented ? { by: 'ann', at: '2026-01-01T00:00:00.000Z' } : null,
  exempt: false,
  ready: consented,
});

it('whoever has said that it is ready is neither reminded nor asked again, and hears everything else', () => {
  const record = { consumers: [consumer('shop', false), consumer('app', true)] };
  const told = (kind: NoticeKind) => toldOf(record, kind);
  expect([told('reminder'), told('consent_asked')]).toEqual([['shop'], ['shop']]);
  expect(told('brownout_announced')).toEqual(['shop', 'app']);
  expect(told('removed')).toEqual(['shop', 'app']);
});
