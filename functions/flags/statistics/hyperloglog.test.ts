import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  decodeSketch,
  emptySketch,
  encodeSketch,
  estimate,
  mergeSketches,
  relativeError,
  type Sketch,
  sketchOf,
} from './hyperloglog.ts';

const hashOf = (value: number | string) => createHash('sha256').update(String(value)).digest();
const upTo = (count: number, from = 0) =>
  sketchOf(Array.from({ length: count }, (_, at) => hashOf(from + at)));
const same = (one: Sketch, other: Sketch) => Buffer.from(one).equals(other);
const values = fc.array(fc.nat({ max: 5_000 }), { maxLength: 200 }).map((all) => sketchOf(all.map(hashOf)));

it.each([0, 1, 2, 10, 100, 1_000, 5_000, 20_000, 100_000])(
  'counts %i values within four standard errors',
  (count) => {
    const found = estimate(upTo(count));
    expect(Math.abs(found - count)).toBeLessThanOrEqual(
      Math.max(count < 50 ? 0.5 : 1, 4 * relativeError * count),
    );
  },
);

it('is unbiased over many sets, with the error it says', () => {
  const errors = Array.from({ length: 60 }, (_, at) => estimate(upTo(3_000, at * 10_000)) / 3_000 - 1);
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
  expect(Math.abs(mean)).toBeLessThan(0.008);
  expect(deviation).toBeLessThan(1.3 * relativeError);
});

it('merges to the same whatever is merged first, and how often', () => {
  fc.assert(
    fc.property(
      values,
      values,
      values,
      (a, b, c) =>
        same(mergeSketches(a, b), mergeSketches(b, a)) &&
        same(mergeSketches(mergeSketches(a, b), c), mergeSketches(a, mergeSketches(b, c))) &&
        same(mergeSketches(a, a), a) &&
        same(mergeSketches(a, emptySketch()), a),
    ),
    { numRuns: 20 },
  );
  expect(mergeSketches(upTo(400), upTo(400, 200))).toEqual(upTo(600));
});

it('comes back from its text, written sparse or dense', () => {
  fc.assert(
    fc.property(values, (sketch) => same(decodeSketch(encodeSketch(sketch)), sketch)),
    { numRuns: 20 },
  );
  for (const count of [0, 900, 1_500, 20_000])
    expect(same(decodeSketch(encodeSketch(upTo(count))), upTo(count))).toBe(true);
  const last = sketchOf([Buffer.from('fff0000000000000', 'hex')]);
  expect(last[4_095]).toBe(53);
  expect(decodeSketch(encodeSketch(last))).toEqual(last);
  expect(encodeSketch(upTo(20_000)).length).toBe(4_097);
  for (const text of [
    '',
    'x',
    'sAA==',
    'd',
    `s${Buffer.from([255, 0, 3]).toString('base64')}`,
    `s${Buffer.from([0, 0, 60]).toString('base64')}`,
  ])
    expect(() => decodeSketch(text), text).toThrow(RangeError);
});
