import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GivenApproval, notCounted, withApproval } from './approvals.ts';

const at = '2026-03-02T12:00:00Z';
const people = ['ada', 'bo', 'cy', 'di'];

describe('approvals', () => {
  it('whoever comes in whatever order, count each person once and the author never where he may not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...people), { maxLength: 12 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        (asking, authorMayApprove, needed) => {
          let given: GivenApproval[] = [];
          for (const by of asking) {
            const asked = { what: 'It', author: 'ada', authorMayApprove, given, needed };
            const counts = !notCounted(asked).includes(by);
            if (counts) given = withApproval(asked, { by, at, comment: null });
            else expect(() => withApproval(asked, { by, at, comment: null })).toThrow();
          }
          const expected = new Set(asking.filter((by) => authorMayApprove || by !== 'ada'));
          expect(given.map(({ by }) => by)).toEqual([...expected]);
        },
      ),
    );
  });

  it('say who is left to ask', () => {
    const given = [{ by: 'bo', at, comment: null }];
    const asked = { what: 'Migration mig_1', author: 'ada', authorMayApprove: false, given, needed: 2 };
    expect(() => withApproval(asked, { by: 'bo', at, comment: null })).toThrow(
      expect.objectContaining({
        name: 'AlreadyApproved',
        message: 'Migration mig_1 has the approval of bo already: 1 of 2',
        action: 'Ask another approver than ada, bo.',
      }),
    );
    expect(() => withApproval(asked, { by: 'ada', at, comment: null })).toThrow(
      expect.objectContaining({ name: 'AuthorMayNotApprove' }),
    );
  });
});
