import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../monitoring/metrics.ts';
import { LONGEST_GAP_MS, nextAlert, type Watching } from './evaluate.ts';
import type { AlertState } from './state.ts';

const minute = 60_000;
const known = (value: number): Reading => ({ state: 'known', value });
const unknown: Reading = { state: 'missing', why: 'nobody told' };
const idle: Reading = { state: 'idle' };
const rule = (parts: Partial<Watching> = {}): Watching => ({
  name: 'lag',
  metric: 'replication_lag_ms',
  comparison: 'above',
  warning: 100,
  critical: 1_000,
  forSeconds: 120,
  ...parts,
});

/** What a rule says after each of these readings, taken a minute apart. */
function over(watching: Watching, readings: Reading[], apartMs = minute): (AlertState | undefined)[] {
  let state: AlertState | undefined;
  return readings.map((reading, index) => {
    state = nextAlert(watching, state, { reading, now: index * apartMs });
    return state;
  });
}
const severities = (watching: Watching, readings: Reading[], apartMs?: number) =>
  over(watching, readings, apartMs).map((state) =>
    state === undefined ? 'ok' : (state.severity ?? 'pending'),
  );

const anyReading = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -2_000, max: 2_000, noNaN: true }).map(known) },
  { weight: 1, arbitrary: fc.constant(unknown) },
  { weight: 1, arbitrary: fc.constant(idle) },
);

describe('an alert', () => {
  it('is pending, fires when it was so for the whole time, and is over by a margin', () => {
    const values = [50, 150, 150, 150, 95, 89, 150].map(known);
    expect(severities(rule(), values)).toEqual([
      'ok',
      'pending',
      'pending',
      'warning',
      'warning',
      'ok',
      'pending',
    ]);
  });

  it('fires at once when it need not last', () => {
    expect(severities(rule({ forSeconds: 0 }), [known(100), known(1_000)])).toEqual(['warning', 'critical']);
  });

  it('becomes critical, and a warning again', () => {
    const values = [150, 150, 1_500, 1_500, 1_500, 200].map(known);
    expect(severities(rule(), values)).toEqual([
      'pending',
      'pending',
      'warning',
      'warning',
      'critical',
      'warning',
    ]);
  });

  it('watches for what is too small, too', () => {
    const watching = rule({ comparison: 'below', warning: 10, critical: null, forSeconds: 0 });
    expect(severities(watching, [11, 10, 10.5, 11.1].map(known))).toEqual(['ok', 'warning', 'warning', 'ok']);
  });

  it('says that a value is missing, and neither begins nor ends by it', () => {
    const states = over(rule({ forSeconds: 60 }), [known(150), known(150), unknown, known(150), unknown]);
    expect(states[2]).toMatchObject({ severity: 'warning', value: 150, missing: 'nobody told' });
    expect(states[3]).toMatchObject({ severity: 'warning', missing: null, firedAt: minute });
    expect(severities(rule(), [known(150), unknown, known(150), known(150), known(150)])).toEqual([
      'pending',
      'ok',
      'pending',
      'pending',
      'warning',
    ]);
  });

  it('begins anew when nobody looked for too long', () => {
    const twice = [known(150), known(150)];
    expect(severities(rule(), twice, LONGEST_GAP_MS)).toEqual(['pending', 'warning']);
    expect(severities(rule(), twice, LONGEST_GAP_MS + 1)).toEqual(['pending', 'pending']);
  });

  it('never fires on values on the good side', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e9, max: 99.999, noNaN: true }).map(known), { maxLength: 30 }),
        fc.integer({ min: 0, max: 600 }),
        (readings, forSeconds) => {
          expect(severities(rule({ forSeconds }), readings).every((one) => one === 'ok')).toBe(true);
        },
      ),
    );
  });

  it('never fires before every look of the whole time was past its threshold', () => {
    fc.assert(
      fc.property(
        fc.array(anyReading, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom('above' as const, 'below' as const),
        (readings, minutes, comparison) => {
          const thresholds = { warning: comparison === 'above' ? 100 : -100, critical: null };
          const states = over(rule({ comparison, ...thresholds, forSeconds: minutes * 60 }), readings);
          const passed = (reading: Reading | undefined) =>
            reading?.state === 'known' &&
            (comparison === 'above' ? reading.value >= 100 : reading.value <= -100);
          for (const [at, state] of states.entries()) {
            const begins = state?.severity === 'warning' && states[at - 1]?.severity !== 'warning';
            if (!begins) continue;
            for (let back = 0; back <= minutes; back += 1) expect(passed(readings[at - back])).toBe(true);
          }
        },
      ),
    );
  });
});
