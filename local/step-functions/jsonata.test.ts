import { describe, expect, it } from 'vitest';
import { createEvaluator } from './jsonata.ts';

const evaluator = createEvaluator({ now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }, () => 0.25);
const states = { input: { name: 'Ada', list: [1, 2, 3], one: [7] }, context: { State: { Name: 'S' } } };
const run = (template: unknown, variables: Record<string, unknown> = {}) =>
  evaluator.evaluate(template, { states, variables, field: 'Output' });

describe('expressions in templates', () => {
  it('replaces expressions at any depth and leaves literals', async () => {
    const template = {
      a: ['{% $states.input.name %}', 'x', 1, null],
      b: { c: '{% $total + 1 %}' },
      d: '%{ no }',
    };
    expect(await run(template, { total: 41 })).toEqual({
      a: ['Ada', 'x', 1, null],
      b: { c: 42 },
      d: '%{ no }',
    });
  });

  it.each([
    ['{% $partition([1,2,3,4,5], 2) %}', [[1, 2], [3, 4], [5]]],
    ['{% $partition($states.input.one, 2) %}', [[7]]],
    ['{% $range(0, 6, 2) %}', [0, 2, 4, 6]],
    ['{% $range(3, 1, -1) %}', [3, 2, 1]],
    ['{% $hash("a", "SHA-256") %}', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'],
    ['{% $hash("a", "MD5") %}', '0cc175b9c0f1b6a831c399e269772661'],
    ['{% $parse("{\\"a\\":[1]}") %}', { a: [1] }],
    ['{% $random() %}', 0.25],
    ['{% $random(7) = $random(7) and $random(7) != $random(8) %}', true],
    ['{% $now() %}', '2026-01-02T03:04:05.000Z'],
    ['{% $now("[Y0001]-[M01]") %}', '2026-01'],
    ['{% $millis() %}', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['{% $uuid() ~> $match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/) ~> $exists() %}', true],
    ['{% $states.input.list[$ > 1] %}', [2, 3]],
    ['{% $map([1,2], function($n) { $n * 2 }) %}', [2, 4]],
    ['{% $reduce([1..150], function($a, $b) { $a + $b }) %}', 11_325],
  ])('%s', async (template, expected) => {
    expect(await run(template)).toEqual(expected);
  });

  it('an expression that calls itself for ever is cut off after a second', async () => {
    const endless = '{% ( $f := function($n) { $f($n + 1) }; $f(0) ) %}';
    await expect(run(endless)).rejects.toMatchObject({ error: 'States.QueryEvaluationError' });
  });

  it('long lists stay within the limits', async () => {
    const list = Array.from({ length: 2_000 }, (_, index) => index);
    const mapped = await run('{% $map($list, function($n) { $n + 1 })[$ % 2 = 0] ~> $count() %}', { list });
    expect(mapped).toBe(1_000);
  });

  it.each([
    ['{% $states.input.missing %}', 'returned nothing'],
    ['{% $error("mine") %}', 'mine'],
    ['{% function($n) { $n } %}', 'not JSON'],
    ['{% {"f": $sum} %}', 'not JSON'],
    ['{% $range(0, 5000, 1) %}', 'at most 1000'],
    ['{% $range(0, 5, 0) %}', 'not 0'],
    ['{% $hash("a", "CRC") %}', 'SHA-512'],
    ['{% $parse("{") %}', 'expected JSON text'],
    ['{% $lookup({"e": $eval}, "e")("1") %}', '$eval is not available'],
    ['{% 1 + "a" %}', 'threw an error'],
    ['{% ( $f := function($n) { 1 + $f($n + 1) }; $f(0) ) %}', 'threw an error'],
  ])('%s fails with States.QueryEvaluationError', async (template, reason) => {
    await expect(run({ deep: [template] })).rejects.toMatchObject({
      error: 'States.QueryEvaluationError',
      reason: expect.stringContaining(reason),
    });
    await expect(run({ deep: [template] })).rejects.toThrow('Output/deep/0');
  });
});
