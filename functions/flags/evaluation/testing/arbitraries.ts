import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../json.ts';

type Values = fc.Arbitrary<JsonValue>;

export const VARIANTS = { on: true, off: false, other: true, true: true, false: false, '1': true };
const WORDS = ['', 'a', 'on', 'US', 'CA', 'pro', '1', '0', '-2.5', ' 7 ', 'abc', 'user-17', 'true'];
const NUMBERS = [0, 1, -1, 2, 3.5, 25, 100, 1e9, 1_789_999_999, 1_790_000_001];
const VERSIONS = ['1.2.3', '1.2.3-rc.1', '1.2', '2', 'v1.0.0', 'x', '10.0.0', '1.2.3.4'];
const KEYS = ['user-1', 'user-17', 'a', 'b', '5ff61b4a-a2c3-4e07-8a5b-77cda8c9e3f1'];

const word = fc.constantFrom(...WORDS);
const number = fc.constantFrom(...NUMBERS);
const primitive = fc.oneof(word, number, fc.boolean(), fc.constant(null));
const index = fc.integer({ min: -4, max: 4 });

/** Contexts with attributes of all kinds, some of them missing or of a kind that does not fit. */
export const contexts: fc.Arbitrary<Record<string, unknown>> = fc.record(
  {
    targetingKey: fc.oneof(fc.constantFrom(...KEYS), fc.string({ unit: 'grapheme-ascii', maxLength: 30 })),
    country: fc.constantFrom('US', 'CA', 'DE', ''),
    plan: fc.constantFrom('pro', 'free', null, 3),
    age: fc.oneof({ weight: 5, arbitrary: number }, word),
    list: fc.array(primitive, { maxLength: 4 }),
    numbers: fc.array(number, { maxLength: 4 }),
    people: fc.array(fc.record({ name: word, age: number }, { requiredKeys: [], noNullPrototype: true }), {
      maxLength: 3,
    }),
    user: fc.record(
      { name: fc.constantFrom('a', 'abc', 7), deep: fc.record({ er: primitive }) },
      { requiredKeys: [], noNullPrototype: true },
    ),
    version: fc.constantFrom(...VERSIONS, 3),
    beta: fc.boolean(),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const list = (of: Values, least: number, most: number) => fc.array(of, { minLength: least, maxLength: most });
/** One of the operators, with these arguments. */
const call = (names: string[], ...parts: Values[]): fc.Arbitrary<JsonObject> =>
  calls(names, fc.tuple(...parts));
/** One of the operators, with any of these lists of arguments. */
const calls = (names: string[], given: Values): fc.Arbitrary<JsonObject> =>
  fc.tuple(fc.constantFrom(...names), given).map(([name, parts]) => ({ [name]: parts }));
const read = (...names: string[]): fc.Arbitrary<JsonObject> => calls(['var'], fc.constantFrom(...names));
const often = (arbitrary: Values, weight = 4): fc.WeightedArbitrary<JsonValue> => ({ arbitrary, weight });
const mostly = (usual: Values, other: Values): Values => fc.oneof(often(usual, 12), other);

const ORDERS = ['==', '!=', '<', '<=', '>', '>='];
const SEM_VER = fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '^', '~');

interface Place {
  name: string;
  depth: number;
  numbers: string[];
  texts: string[];
}

/** Conditions, numbers and texts that may stand anywhere; `more` is what only stands in the context. */
function expressionsOf(place: Place, more: (tie: (kind: Kind) => Values) => Partial<Record<Kind, Values[]>>) {
  const oneof = (...all: (Values | fc.WeightedArbitrary<JsonValue>)[]) =>
    fc.oneof({ maxDepth: place.depth, depthIdentifier: place.name }, ...all);
  return fc.letrec<Record<Kind, JsonValue>>((tie) => {
    const [amount, text, lists, condition, result] = KINDS.map((kind) => tie(kind)) as [
      Values,
      Values,
      Values,
      Values,
      Values,
    ];
    const scalar = fc.oneof(amount, text, condition);
    const added = more(tie);
    return {
      amount: oneof(
        often(number, 3),
        often(read(...place.numbers)),
        call(['var'], fc.constant('age'), number),
        calls(['+', '-', '*'], list(mostly(amount, scalar), 1, 3)),
        call(['/', '%'], amount, amount),
        calls(['min', 'max'], list(amount, 1, 3)),
        ...(added.amount ?? []),
      ),
      text: oneof(
        often(word, 3),
        often(read(...place.texts)),
        call(['var'], fc.constant('plan'), word),
        calls(['cat'], list(fc.oneof(text, amount), 2, 3)),
        call(['substr'], text, index),
        call(['substr'], text, index, index),
      ),
      list: oneof(
        often(fc.array(primitive, { maxLength: 4 }), 3),
        often(read('list', 'numbers', 'people')),
        fc.array(fc.oneof(text, amount), { maxLength: 3 }),
        calls(['merge'], list(fc.oneof(lists, text), 2, 3)),
        ...(added.list ?? []),
      ),
      condition: oneof(
        often(fc.oneof(fc.boolean(), read('beta', 'nothing')), 2),
        call(ORDERS, mostly(text, scalar), mostly(text, scalar)),
        call(ORDERS, mostly(amount, scalar), mostly(amount, scalar)),
        call(['===', '!=='], scalar, scalar),
        call(['<', '<=', '>', '>='], amount, amount, amount),
        call(['in'], scalar, mostly(lists, text)),
        call(['in'], text, text),
        calls(['and', 'or'], list(condition, 1, 3)),
        call(['!', '!!'], scalar),
        ...(added.condition ?? []),
      ),
      result: oneof(
        often(fc.constantFrom('on', 'off', 'other', true, false, null)),
        call(['if', '?:'], condition, result, result),
        call(['if'], condition, result),
        call(['if'], condition, result, condition, result, result),
        call(['and', 'or'], condition, result),
        condition,
        text,
        ...(added.result ?? []),
      ),
    };
  });
}

const KINDS = ['amount', 'text', 'list', 'condition', 'result'] as const;
type Kind = (typeof KINDS)[number];

const nothing = () => ({});
const element = expressionsOf(
  { name: 'element', depth: 2, numbers: ['', 'age'], texts: ['', 'name'] },
  nothing,
);
const folded = ['current', 'accumulator'];
const fold = expressionsOf({ name: 'fold', depth: 2, numbers: folded, texts: folded }, nothing);

const TEXTS = ['country', 'plan', 'user.name', 'targetingKey', '$flagd.flagKey', 'nothing', 'list.1'];
const everything = expressionsOf(
  { name: 'context', depth: 4, numbers: ['age', 'numbers.0', '$flagd.timestamp'], texts: TEXTS },
  (tie) => {
    const [lists, text] = [tie('list'), tie('text')];
    const anything = fc.oneof(text, tie('amount'), tie('condition'));
    const names = list(fc.constantFrom(...TEXTS), 1, 3);
    return {
      amount: [call(['reduce'], lists, fold.amount, number)],
      list: [
        call(['map'], lists, element.amount),
        call(['filter'], lists, element.condition),
        calls(['missing'], names),
        call(['missing_some'], fc.integer({ min: 0, max: 3 }), names),
      ],
      condition: [
        call(['some', 'all', 'none'], lists, element.condition),
        call(['starts_with', 'ends_with'], mostly(text, anything), mostly(text, anything)),
        call(
          ['sem_ver'],
          mostly(fc.oneof(read('version'), fc.constantFrom(...VERSIONS)), anything),
          SEM_VER,
          fc.constantFrom(...VERSIONS),
        ),
      ],
      result: [
        shares(tie('result'), fc.oneof(text, anything), tie('amount')),
        shares(fc.constantFrom('on', 'off'), text, number),
      ],
    };
  },
);

function shares(result: Values, by: Values, amount: Values): Values {
  const usual = fc.oneof(often(fc.integer({ min: 1, max: 100 }), 3), fc.integer({ min: 1, max: 2 ** 29 }));
  const bucket: Values = fc.oneof(fc.tuple(result, mostly(usual, amount)), fc.tuple(result));
  const buckets = list(bucket, 1, 3);
  const user: Values = fc.constant({ cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] });
  const withBy = fc.tuple(fc.oneof(often(user, 3), by), fc.array(bucket, { minLength: 1, maxLength: 3 }));
  return calls(
    ['fractional'],
    fc.oneof(
      buckets,
      withBy.map(([first, rest]): JsonValue => [first, ...rest]),
    ),
  );
}

/** What a flag may answer with: all operators, where they make sense and sometimes where they do not. */
export const targetings: Values = everything.result;
/** What a rule of `$evaluators` may be. */
export const conditions: Values = everything.condition;
