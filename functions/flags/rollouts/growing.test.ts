import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileDocument } from '../authoring/compile-document.ts';
import { Flag } from '../authoring/flag.ts';
import { compile } from '../evaluation/compile.ts';
import { parseDocument } from '../evaluation/document.ts';
import { settled } from '../registry/settled.ts';
import { beginningOf } from './growing.ts';

const variants = { on: true, off: false };
const flag = (form: object, more: object = {}): Flag => Flag.parse({ form, variants, ...more });
const when = { attribute: 'country', operator: 'equals', value: 'NO' };
const rules = (otherwise: object) => ({
  type: 'rules',
  rules: [{ name: 'north', when, serve: { variant: 'on' } }],
  otherwise,
});

describe('where a rollout begins', () => {
  it.each([
    ['off for all', { type: 'boolean', on: false }, 'off', 0],
    ['a percentage', { type: 'percentage', percentage: 5 }, 'off', 5],
    ['nobody by a percentage', { type: 'percentage', percentage: 0, variant: 'off' }, 'off', 0],
    ['users', { type: 'users', users: ['ada'] }, 'off', 0],
    ['tenants', { type: 'tenants', tenants: ['acme'] }, 'off', 0],
    ['rules', rules({ variant: 'off' }), 'off', 0],
    ['rules with a percentage', rules({ percentage: 2.5, variant: 'on' }), 'off', 2.5],
    ['one by weights', { type: 'weights', weights: { off: 100 } }, 'off', 0],
  ])('%s', (_name, form, rest, percentage) => {
    expect(beginningOf('checkout', flag(form), 'on')).toEqual({ rest, percentage });
  });

  it.each([
    ['everybody has it', flag({ type: 'boolean', on: true }), 'on', 'gives on to everybody already'],
    ['by a percentage, too', flag({ type: 'percentage', percentage: 100 }), 'on', 'to everybody already'],
    ['weights', flag({ type: 'weights', weights: { on: 50, off: 50 } }), 'on', 'shared out by weights'],
    ['the other one grows', flag({ type: 'percentage', percentage: 5 }), 'off', 'gives on to 5 %'],
    ['it is off', flag({ type: 'boolean', on: false }, { enabled: false }), 'on', 'is switched off'],
    [
      'users are counted for another end',
      flag({ type: 'percentage', percentage: 5 }, { kind: 'experiment' }),
      'on',
      'is an experiment',
    ],
    ['a definition', flag({ type: 'definition', defaultVariant: 'off' }), 'on', 'a definition of flagd'],
  ])('is refused where %s', (_name, given, to, message) => {
    expect(() => beginningOf('checkout', given, to)).toThrow(message);
  });
});

describe('a step', () => {
  const forms = [
    { type: 'boolean', on: false },
    { type: 'percentage', percentage: 5 },
    { type: 'users', users: ['user-1', 'user-2'] },
    { type: 'tenants', tenants: ['acme'] },
    rules({ variant: 'off' }),
  ];

  it('takes the new variant from nobody who has it', () => {
    const people = Array.from({ length: 200 }, (_, user) => ({
      targetingKey: `user-${user}`,
      tenant: user % 9 === 0 ? 'acme' : 'other',
      country: user % 7 === 0 ? 'NO' : 'DE',
    }));
    const having = (one: Flag) => {
      const document = compileDocument({
        flags: [{ key: 'checkout', version: 1, flag: one }],
        evaluators: {},
        metadata: {},
      });
      const set = compile({ flags: parseDocument(document) });
      return people.filter((person) => {
        const answer = set.evaluate('checkout', person);
        return 'value' in answer && answer.value === true;
      });
    };
    const grows = fc.property(
      fc.constantFrom(...forms),
      fc.double({ min: 5.001, max: 100, noNaN: true }),
      (form, wanted) => {
        const before = flag(form);
        const { rest } = beginningOf('checkout', before, 'on');
        const percentage = Math.round(wanted * 1_000) / 1_000;
        const after = settled('checkout', before, { percentage, variant: 'on', rest });
        const kept = new Set(having(after));
        expect(having(before).filter((person) => !kept.has(person))).toEqual([]);
      },
    );
    fc.assert(grows, { numRuns: 40 });
  });
});
