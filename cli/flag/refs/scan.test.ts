import { expect, it } from 'vitest';
import { scanner } from './scan.ts';

const known = new Set(['new-checkout', 'search.v2', 'beta', 'constructor', 'Ünïcode key']);
const scan = scanner(known, ['isEnabled', '$flag']);
const found = (text: string) => scan(text).map(({ key, call }) => (call ? `${key}()` : key));

it.each([
  ['TypeScript', "await client.getBooleanValue('new-checkout', false)"],
  ['types', 'client.getObjectDetails<Theme>("new-checkout", {})'],
  ['lines', 'client\n  .getBooleanValue(\n    "new-checkout",\n    false)'],
  ['React', 'const { value } = useFlag("new-checkout", false)'],
  ['Python', 'client.get_boolean_value("new-checkout", False)'],
  ['Go', 'client.BooleanValue(ctx, "new-checkout", false, evalCtx)'],
  ['Go without a variable', 'client.BooleanValue(context.Background(), "new-checkout", false, e)'],
  ['Java', 'client.getBooleanDetails("new-checkout", false, context);'],
  ['.NET', 'await client.GetBooleanValueAsync("new-checkout", false);'],
  ['Ruby', "client.fetch_boolean_value(flag_key: 'new-checkout', default_value: false)"],
  ['Swift', 'client.getBooleanValue(key: "new-checkout", defaultValue: false)'],
  ['a wrapper', 'if (isEnabled(`new-checkout`)) {}'],
  ['a wrapper with signs', "$flag('new-checkout')"],
])('sees what is asked for in %s', (_language, text) => {
  expect(found(text)).toEqual(['new-checkout()']);
});

it('sees keys in texts, whole words only, and what is asked for and not there', () => {
  expect(found("const KEY = 'new-checkout'; // don't")).toEqual(['new-checkout']);
  expect(found("'new-checkout-2' 'my new-checkout' new-checkout \"new-checkout'")).toEqual([]);
  expect(found("a('search.v2','search.v2')")).toEqual(['search.v2', 'search.v2']);
  expect(found("getBooleanValue('gone', true)")).toEqual(['gone()']);
  expect(found("forgetBooleanValue('gone', true)")).toEqual([]);
  expect(found("'Ünïcode key'")).toEqual(['Ünïcode key']);
});

it('takes a common word for a flag only where flags are spoken of', () => {
  expect(found("const stage = 'beta'")).toEqual([]);
  expect(found("const flags = ['beta']")).toEqual(['beta']);
  expect(found("getBooleanValue('beta', false)")).toEqual(['beta()']);
});

it('says where, and is not confused by names of prototypes', () => {
  expect(scan('\n  x("new-checkout")\r\n\ty(\'constructor\')')).toEqual([
    { key: 'new-checkout', call: false, line: 2, column: 5 },
    { key: 'constructor', call: false, line: 3, column: 4 },
  ]);
  expect(found("'__proto__' 'toString'")).toEqual([]);
});

it('takes time in proportion to the text, whatever it is', () => {
  const nasty = [
    'getBooleanValue('.repeat(20_000),
    `getBooleanValue(${' '.repeat(300_000)}`,
    "'a".repeat(200_000),
    `getStringValue<${'<'.repeat(200_000)}`,
  ];
  const begun = performance.now();
  for (const text of nasty) scan(text);
  expect(performance.now() - begun).toBeLessThan(30_000);
});
