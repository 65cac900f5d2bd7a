import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Deployed, measuresByService, measuresOf } from './measures.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

/** A deployment and, apart from the code, what it adds to the measures. */
const history = fc.array(
  fc.record({
    service: fc.constantFrom('orders', 'shop'),
    end: fc.constantFrom<'stayed' | 'lost' | 'refused' | 'running'>('stayed', 'lost', 'refused', 'running'),
    lead: fc.integer({ min: 0, max: 500 }),
    restore: fc.integer({ min: 0, max: 60 }),
  }),
  { maxLength: 60 },
);
type Told = typeof history extends fc.Arbitrary<(infer One)[]> ? One : never;

const deployed = ({ service, end, lead, restore }: Told): Deployed => {
  const none = { firstTrafficAt: null, fullAt: null, stepStartedAt: null, failedAt: null, backAt: null };
  const common = { service, leadFrom: at(0), ...none };
  switch (end) {
    case 'stayed':
      return { ...common, status: 'completed', firstTrafficAt: at(0), fullAt: at(lead) };
    case 'lost':
      return {
        ...common,
        status: 'rolled_back',
        firstTrafficAt: at(0),
        stepStartedAt: at(10),
        failedAt: at(10 + restore),
        backAt: at(10 + restore),
      };
    case 'refused':
      return { ...common, status: 'failed', failedAt: at(1) };
    case 'running':
      return { ...common, status: 'running', firstTrafficAt: at(0) };
  }
};

it('measures what a history tells, overall and by service', () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 30 }), (told, days) => {
      const found = measuresOf(told.map(deployed), days);
      const stayed = told.filter(({ end }) => end === 'stayed');
      const lost = told.filter(({ end }) => end === 'lost');
      expect(found).toMatchObject({
        deployments: told.length,
        succeeded: stayed.length,
        rollbacks: lost.length,
        leadTime: { count: stayed.length },
        timeToRestore: { count: lost.length },
      });
      expect(found.perDay).toBeCloseTo(stayed.length / days);
      const decided = stayed.length + lost.length;
      expect(found.changeFailureRate).toBe(decided === 0 ? null : lost.length / decided);
      // At least half are as quick as the median, and at least half as slow.
      const { median, p90 } = found.leadTime;
      const within = (limit: number | null) =>
        stayed.filter(({ lead }) => lead * 60 <= (limit ?? -1)).length / Math.max(1, stayed.length);
      if (stayed.length > 0) {
        expect(within(median)).toBeGreaterThanOrEqual(0.5);
        expect(within((median ?? 0) - 1)).toBeLessThan(0.5);
        expect(within(p90)).toBeGreaterThanOrEqual(0.9);
        expect(within((p90 ?? 0) - 1)).toBeLessThan(0.9);
      }
      const parts = measuresByService(told.map(deployed), days);
      expect(parts.reduce((sum, part) => sum + part.succeeded, 0)).toBe(found.succeeded);
      expect(parts.reduce((sum, part) => sum + part.rollbacks, 0)).toBe(found.rollbacks);
    }),
  );
});
