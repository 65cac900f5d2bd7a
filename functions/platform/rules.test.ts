import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { currentEnvironment, environmentVariable } from './environment.ts';
import { fieldProblems } from './errors.ts';
import { decodeCursor, encodeCursor, pageQuery } from './page.ts';
import { jitteredBackoff, setRandom } from './random.ts';
import { redactingReplacer, redactText } from './redact.ts';
import { rolesFromGroups } from './roles.ts';

describe('roles', () => {
  it('come from groups of the product, everywhere or in one environment', () => {
    expect(rolesFromGroups(['theseus:operator'], 'dev')).toEqual(['viewer', 'operator']);
    expect(rolesFromGroups(['theseus:production:approver', 'theseus:viewer'], 'dev')).toEqual(['viewer']);
    expect(rolesFromGroups(['theseus:production:approver'], 'production')).toEqual(['viewer', 'approver']);
  });
  it('do not let an administrator approve', () => {
    expect(rolesFromGroups(['theseus:administrator'], 'local')).toEqual([
      'viewer',
      'operator',
      'administrator',
    ]);
  });
  it.each([
    'operator',
    'other:operator',
    'theseus',
    'theseus:',
    'theseus:king',
    'theseus:dev:operator:x',
    'theseus:dev:',
  ])('ignore the group %s', (group) => expect(rolesFromGroups([group], 'dev')).toEqual([]));
});

describe('pages', () => {
  it('give back the place they were made of', () => {
    const place = z.strictObject({ pk: z.string(), sk: z.string() });
    expect(decodeCursor(place, encodeCursor({ pk: 'a/ü', sk: '1' }))).toEqual({ pk: 'a/ü', sk: '1' });
    for (const forged of ['', '!!!', encodeCursor({ pk: 1 }), encodeCursor({ pk: 'a', sk: 'b', more: 1 })]) {
      expect(() => decodeCursor(place, forged)).toThrow('not one this list returned');
    }
  });
  it('have between 1 and 100 items, 20 unless said', () => {
    expect(pageQuery.parse({})).toEqual({ limit: 20 });
    expect(pageQuery.parse({ limit: '100' })).toEqual({ limit: 100 });
    for (const limit of ['0', '101', '1.5', 'ten'])
      expect(pageQuery.safeParse({ limit }).success).toBe(false);
  });
});

describe('redaction', () => {
  it('hides passwords of URLs and assignments', () => {
    expect(redactText('connect postgresql://shop:p%40ss@db:5432/shop')).toBe(
      'connect postgresql://shop:***@db:5432/shop',
    );
    expect(redactText("host=db password='a b' user=x")).toBe('host=db password=*** user=x');
    expect(redactText('https://example.org/a@b')).toBe('https://example.org/a@b');
  });
  it('hides secret fields at any depth and survives bigints', () => {
    const entry = {
      a: { Authorization: 'Bearer x', connection_string: 'kept' },
      list: [{ password: 'x' }],
      rows: 5n,
      tokens: 3,
    };
    const text = JSON.stringify(entry, redactingReplacer);
    expect(JSON.parse(text)).toEqual({
      a: { Authorization: '***', connection_string: '***' },
      list: [{ password: '***' }],
      rows: '5',
      tokens: 3,
    });
  });
});

describe('field problems', () => {
  it('point at each field, unknown ones by name, with RFC 6901 escapes', () => {
    const schema = z.strictObject({ 'a/b': z.object({ n: z.number() }), list: z.array(z.string()) });
    const parsed = schema.safeParse({ 'a/b': { n: 'x' }, list: ['', 1], 'x~y': 1 });
    const pointers = parsed.error ? fieldProblems('/body', parsed.error).map((one) => one.pointer) : [];
    expect(pointers).toEqual(['/body/a~1b/n', '/body/list/1', '/body/x~0y']);
  });
});

describe('field problems of alternatives', () => {
  it('are those of the alternative that lacks least', () => {
    const schema = z.union([
      z.strictObject({ id: z.string() }),
      z.strictObject({ dryRun: z.strictObject({ file: z.string() }) }),
    ]);
    const problemsOf = (value: unknown) => {
      const { error } = schema.safeParse(value);
      return error === undefined ? [] : fieldProblems('/body', error).map(({ pointer }) => pointer);
    };
    expect(problemsOf({ id: 7, surprise: true })).toEqual(['/body/id', '/body/surprise']);
    expect(problemsOf({ dryRun: { file: 1 } })).toEqual(['/body/dryRun/file']);
  });

  it('are not those of a text where an object was sent', () => {
    const strategy = z.strictObject({ kind: z.literal('canary'), percent: z.number() });
    const schema = z.object({ strategy: z.union([z.string(), strategy]) });
    const problemsOf = (value: unknown) => {
      const { error } = schema.safeParse({ strategy: value });
      return error === undefined ? [] : fieldProblems('/body', error).map(({ pointer }) => pointer);
    };
    expect(problemsOf({ percent: 'x' })).toEqual(['/body/strategy/kind', '/body/strategy/percent']);
    expect(problemsOf(7)).toEqual(['/body/strategy']);
  });
});

describe('environment', () => {
  const before = process.env.THESEUS_ENVIRONMENT;
  afterEach(() => {
    if (before === undefined) delete process.env.THESEUS_ENVIRONMENT;
    else process.env.THESEUS_ENVIRONMENT = before;
  });
  it('names the variable that is missing or wrong', () => {
    expect(() => environmentVariable('NOT_SET_ANYWHERE')).toThrow('NOT_SET_ANYWHERE');
    process.env.THESEUS_ENVIRONMENT = 'moon';
    expect(() => currentEnvironment()).toThrow("'moon', expected one of local, dev, staging, production");
  });
});

describe('backoff', () => {
  it('grows, jitters fully and ends at its maximum', () => {
    const restore = setRandom(() => 0.5);
    expect([0, 1, 2, 20].map((attempt) => jitteredBackoff(attempt, 100, 1_000))).toEqual([50, 100, 200, 500]);
    restore();
  });
});
