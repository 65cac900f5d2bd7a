import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mayBegin, mustYield } from './beside.ts';
import { Room } from './room.ts';

const rooms = fc.array(fc.option(fc.constantFrom(...Room.options)), { minLength: 1, maxLength: 8 });

it('a range by itself begins and goes on, whatever it meets', () => {
  expect(mayBegin([])).toBe(true);
  for (const room of [...Room.options, null]) expect(mustYield(true, room, [])).toBe(false);
});

it('another begins only where all others leave room', () => {
  expect(mayBegin(['more', 'more'])).toBe(true);
  expect(mayBegin(['more', 'enough'])).toBe(false);
  expect(mayBegin(['none'])).toBe(false);
  // Tables so small that nothing is read of them while they are filled.
  expect(mayBegin([null])).toBe(true);
});

it('of any ranges at work one goes on; at a limit it alone', () => {
  fc.assert(
    fc.property(rooms, (all) => {
      const stay = all.filter((own, at) => !mustYield(at === 0, own, all.toSpliced(at, 1)));
      expect(stay).toHaveLength(all.includes('none') ? 1 : all.length);
    }),
  );
});
