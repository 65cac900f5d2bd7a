import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterProbe } from './health.ts';
import { dueOf, graceMs, type Health } from './records.ts';
import { unknownHealth } from './static.ts';

const check = { healthyAfter: 2, unhealthyAfter: 3 };
const healthAfter = (outcomes: boolean[], from: Health = unknownHealth) =>
  outcomes.reduce((health, ok, at) => afterProbe(health, { ok, detail: '', at: `at ${at}` }, check), from);

describe('health', () => {
  it.each([
    [[], 'unknown'],
    [[true], 'passing'],
    [[false, false], 'unknown'],
    [[false, false, false], 'failing'],
    [[true, false, false], 'passing'],
    [[true, false, false, true, false, false], 'passing'],
    [[true, false, false, false], 'failing'],
    [[false, false, false, true], 'failing'],
    [[false, false, false, true, false, true], 'failing'],
    [[false, false, false, true, true], 'passing'],
  ] as const)('after %j is %s', (outcomes, status) => {
    expect(healthAfter([...outcomes]).status).toBe(status);
  });

  it('changes only after as many probes in a row as were asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (outcomes) => {
        const states = outcomes.map((_, at) => healthAfter(outcomes.slice(0, at + 1)));
        return states.every((now, at) => {
          const was = states[at - 1] ?? unknownHealth;
          if (now.status === was.status) return now.changedAt === was.changedAt;
          const row = was.status === 'unknown' ? 1 : now.status === 'passing' ? 2 : 3;
          const last = outcomes.slice(Math.max(0, at + 1 - (now.status === 'failing' ? 3 : row)), at + 1);
          return last.every((ok) => ok === (now.status === 'passing')) && last.length >= row;
        });
      }),
    );
  });
});

describe('what is due', () => {
  it.each([
    [{ outbox: [], probeAt: null, leaseUntil: null }, null],
    [{ outbox: [], probeAt: 500, leaseUntil: null }, 500],
    [{ outbox: [], probeAt: 90_000, leaseUntil: 1_000 }, 1_000 + graceMs],
    [{ outbox: [], probeAt: null, leaseUntil: 1_000 }, 1_000 + graceMs],
  ])('of %j is at %s', (record, due) => expect(dueOf(record, 7)).toBe(due));
});
