import { describe, expect, it } from 'vitest';
import { compareDescriptions, readDescription, ruleNames } from '../descriptions.ts';
import type { CompatibilityMode } from './mode-names.ts';
import { checkMode, contentModel } from './modes.ts';
import { compile } from './validator.ts';

const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const text = { type: 'string' };
const closed = { additionalProperties: false };
const read = (schema: object) => {
  const description = readDescription(JSON.stringify(schema), { kind: 'json-schema' });
  if (description.kind !== 'json-schema') throw new Error('Expected a JSON Schema');
  return description;
};
const history = (...schemas: object[]) =>
  schemas.map((schema, at) => ({ version: `${at + 1}.0.0`, side: read(schema).side }));
const check = (mode: CompatibilityMode, schemas: object[], content?: 'strict') =>
  checkMode(history(...schemas.slice(0, -1)), read(schemas.at(-1) ?? {}).side, { mode, content });
const allows = (schema: object, document: unknown) => compile(read(schema).side)?.(document);

const [open1, open2] = [object({ a: text }), object({ a: text, b: text })];
const [closed1, closed2] = [object({ a: text }, closed), object({ a: text, b: text }, closed)];

describe('a mode', () => {
  it.each<[CompatibilityMode, object, object, boolean]>([
    // To add an optional property, and to remove one.
    ['BACKWARD', open1, open2, true],
    ['FORWARD', open1, open2, true],
    ['BACKWARD', closed1, closed2, true],
    ['FORWARD', closed1, closed2, false],
    ['FULL', closed1, closed2, false],
    ['NONE', closed1, closed2, true],
    ['BACKWARD', closed2, closed1, false],
    ['FORWARD', closed2, closed1, true],
    // To demand one.
    ['BACKWARD', open2, { ...open2, required: ['b'] }, false],
    ['FORWARD', open2, { ...open2, required: ['b'] }, true],
    // To close an object, which the complaint is about: then FORWARD is lost.
    ['BACKWARD', open1, closed1, false],
    ['FORWARD', open1, closed1, true],
    ['FULL', open1, { ...open1, description: 'said otherwise' }, true],
  ])('%s: %j, then %j', (mode, old, next, compatible) => {
    const verdict = check(mode, [old, next]);
    expect(verdict.compatible).toBe(compatible);
    for (const { way, changes } of verdict.checks) {
      for (const { level, example, rule } of changes) {
        expect(rule.startsWith(`${way}-`)).toBe(true);
        if (level !== 'breaking') continue;
        const [writer, reader] = way === 'backward' ? [old, next] : [next, old];
        expect(allows(writer, example?.document)).toBe(true);
        expect(allows(reader, example?.document)).toBe(false);
      }
    }
  });

  it('that is transitive asks all versions, another one the last only', () => {
    const schemas = [
      object({ a: text, b: { type: 'number' } }),
      object({ a: text }),
      object({ a: text, b: text }),
    ];
    expect(check('BACKWARD', schemas)).toMatchObject({ compatible: true, checks: [{ against: '2.0.0' }] });
    const transitive = check('BACKWARD_TRANSITIVE', schemas);
    expect(transitive.compatible).toBe(false);
    expect(transitive.checks.map(({ against, compatible }) => [against, compatible])).toEqual([
      ['2.0.0', true],
      ['1.0.0', false],
    ]);
    expect(check('FULL_TRANSITIVE', schemas).checks).toHaveLength(4);
  });

  it('of strict content shows the document for which an optional property is not BACKWARD', () => {
    expect(check('BACKWARD', [open1, open2]).compatible).toBe(true);
    const strict = check('BACKWARD', [open1, open2], 'strict');
    expect(strict.compatible).toBe(false);
    const [{ changes, writer, reader } = { changes: [], writer: '', reader: '' }] = strict.checks;
    expect([writer, reader]).toEqual(['open', 'open']);
    expect(changes[0]).toMatchObject({ rule: 'backward-property-optional-added', level: 'breaking' });
    expect(allows(open1, changes[0]?.example?.document)).toBe(true);
    expect(allows(open2, changes[0]?.example?.document)).toBe(false);
    expect(check('FORWARD', [open2, open1], 'strict').compatible).toBe(false);
    // Where it may be anything still, there is no such document; and closed objects never had one.
    expect(check('BACKWARD', [open1, object({ a: text, b: {} })], 'strict').compatible).toBe(true);
    expect(check('BACKWARD', [closed1, closed2], 'strict').compatible).toBe(true);
  });

  it('of strict content shows one for a pattern of names, too', () => {
    const next = object({ a: text }, { patternProperties: { '^x-': text } });
    const [only] = check('BACKWARD', [open1, next], 'strict').checks;
    expect(only?.changes[0]?.example?.document).toBeDefined();
    expect(only?.compatible).toBe(false);
  });

  it('names the content model of both sides', () => {
    expect(contentModel(read(open1).side)).toBe('open');
    expect(contentModel(read(closed1).side)).toBe('closed');
    expect(contentModel(read(object({ a: closed1, b: open1 }, closed)).side)).toBe('partly open');
    expect(check('FORWARD', [closed1, open1]).checks[0]).toMatchObject({ writer: 'open', reader: 'closed' });
  });

  it('asks nothing where there is no history', () => {
    expect(check('FULL_TRANSITIVE', [open1])).toMatchObject({ compatible: true, checks: [] });
  });
});

describe('a JSON Schema as the description of an API', () => {
  const today = '2026-11-22';
  const verdict = (old: object, next: object, options = {}) =>
    compareDescriptions(read(old), read(next), { today, ...options });

  it('is compared backward unless it is said otherwise', () => {
    expect(verdict(closed1, closed2)).toMatchObject({ compatible: true, bump: 'minor' });
    expect(verdict(closed1, closed2, { mode: 'FULL' })).toMatchObject({
      compatible: false,
      changes: [{ rule: 'forward-property-allowed' }],
    });
    expect(verdict(closed2, closed1, { mode: 'NONE' })).toMatchObject({ compatible: true, bump: 'minor' });
    expect(verdict(open1, open2, { content: 'strict' }).compatible).toBe(false);
  });

  it('tells rules that are known', () => {
    const known = ruleNames('json-schema');
    for (const mode of ['FULL', 'NONE'])
      for (const { rule } of verdict(open1, object({ b: { type: 'number' } }, closed), { mode }).changes)
        expect(known).toContain(rule);
  });

  it('is recognised by $schema, by its file, and by what it says', () => {
    const kindOf = (value: object, fileName?: string) =>
      readDescription(JSON.stringify(value), { fileName }).kind;
    expect(kindOf({ $schema: 'https://json-schema.org/draft/2020-12/schema' })).toBe('json-schema');
    expect(kindOf({ type: 'string' }, 'name.schema.json')).toBe('json-schema');
    expect(kindOf(open1)).toBe('json-schema');
  });

  it.each<[object, string, string]>([
    [
      { $schema: 'http://json-schema.org/draft-04/schema#' },
      '/$schema',
      'found "http://json-schema.org/draft-04',
    ],
    [{ properties: { a: { $ref: '#/$defs/no' } } }, '/properties/a/$ref', 'found nothing there'],
    [{ properties: { a: { pattern: '(' } } }, '/properties/a/pattern', 'regular expression'],
    [{ type: 'strnig' }, '/type', 'must be equal to one of'],
    [{ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }, '/$ref', 'leads back to itself'],
  ])('is refused when it is none: %j', (schema, pointer, detail) => {
    expect(() => read(schema)).toThrow(
      expect.objectContaining({
        problems: expect.arrayContaining([{ pointer, detail: expect.stringContaining(detail) }]),
      }),
    );
  });

  it('may have names of prototypes, and refer to itself', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"$ref":"#"}}}',
    );
    expect(verdict(schema, { ...schema, title: 'T' })).toMatchObject({ changes: [], bump: 'patch' });
  });
});
