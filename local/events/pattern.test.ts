import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, type Json } from './pattern.ts';

const event: Json = {
  source: 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  resources: ['arn:one', 'arn:two'],
  detail: {
    status: 'FAILED',
    attempts: 3,
    name: 'Migration-7',
    nothing: null,
    items: [
      { id: 1, ok: true },
      { id: 2, ok: false },
    ],
    nested: { a: { b: 'deep' } },
  },
};
const matches = (detail: Json) => compilePattern({ detail })(event);

describe('event patterns', () => {
  it.each<[string, Json, boolean]>([
    ['an exact value', { status: ['SUCCEEDED', 'FAILED'] }, true],
    ['no exact value', { status: ['SUCCEEDED'] }, false],
    ['a text that is not the number', { attempts: ['3'] }, false],
    ['null', { nothing: [null] }, true],
    ['an absent field, which is not null', { absent: [null] }, false],
    ['prefix', { name: [{ prefix: 'Migration-' }] }, true],
    ['prefix of a number', { attempts: [{ prefix: '3' }] }, false],
    ['suffix', { name: [{ suffix: '-8' }] }, false],
    ['any case', { name: [{ 'equals-ignore-case': 'migration-7' }] }, true],
    ['wildcard', { name: [{ wildcard: 'M*t*-7' }] }, true],
    ['wildcard whose ends would overlap', { name: [{ wildcard: 'Migration-7*7' }] }, false],
    ['anything but', { status: [{ 'anything-but': ['SUCCEEDED', 'RUNNING'] }] }, true],
    ['anything but itself', { status: [{ 'anything-but': 'FAILED' }] }, false],
    ['anything but, absent', { absent: [{ 'anything-but': 'x' }] }, false],
    ['anything but a prefix', { name: [{ 'anything-but': { prefix: 'Mig' } }] }, false],
    ['exists', { status: [{ exists: true }] }, true],
    ['exists not', { absent: [{ exists: false }] }, true],
    ['exists not, though there', { status: [{ exists: false }] }, false],
    ['numeric range', { attempts: [{ numeric: ['>', 2, '<=', 3] }] }, true],
    ['numeric out of range', { attempts: [{ numeric: ['<', 3] }] }, false],
    ['nesting', { nested: { a: { b: ['deep'] } } }, true],
    ['an object where a value is asked', { nested: [{ exists: true }] }, false],
    ['one element of an array', { items: { id: [2] } }, true],
    ['fields of different elements', { items: { id: [2], ok: [true] } }, false],
    ['$or', { $or: [{ status: ['x'] }, { attempts: [3] }] }, true],
    ['$or without any', { $or: [{ status: ['x'] }, { attempts: [4] }] }, false],
    ['fields that must all hold', { status: ['FAILED'], attempts: [4] }, false],
  ])('%s', (_name, detail, expected) => {
    expect(matches(detail)).toBe(expected);
  });

  it('matches an array where one element does', () => {
    expect(compilePattern({ resources: ['arn:two'] })(event)).toBe(true);
    expect(compilePattern({ resources: [{ prefix: 'arn:t' }] })(event)).toBe(true);
    expect(compilePattern({ resources: ['arn:three'] })(event)).toBe(false);
  });

  it.each<[string, Json, RegExp]>([
    ['an unknown operator', { detail: { ip: [{ cidr: '10.0.0.0/8' }] } }, /detail\.ip.*"cidr"/],
    ['a bare value', { source: 'aws.states' }, /source.*expected an object/],
    ['an empty list', { source: [] }, /source.*at least one value/],
    ['a wrong comparison', { detail: { n: [{ numeric: ['!=', 3] }] } }, /detail\.n.*"!="/],
    ['nothing at all', {}, /its root/],
  ])('refuses %s, naming the place', (_name, pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(message);
  });

  it('an event matches the pattern made of its own values, and no longer after one of them changed', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), value, { minKeys: 1 }), (fields) => {
        const pattern = compilePattern(
          Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, [one]])),
        );
        expect(pattern(fields)).toBe(true);
        for (const name of Object.keys(fields))
          expect(pattern({ ...fields, [name]: 'CHANGED!' })).toBe(false);
      }),
    );
  });
});
