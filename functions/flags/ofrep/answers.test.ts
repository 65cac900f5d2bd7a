import { describe, expect, it } from 'vitest';
import { contextOf, hasTag, ofrepOf } from './answers.ts';

describe('what OFREP is asked', () => {
  it.each([
    [undefined, {}],
    [{}, {}],
    [{ context: { targetingKey: 'ada', plan: 'pro' } }, { targetingKey: 'ada', plan: 'pro' }],
    [{ context: { targetingKey: null }, newer: true }, {}],
  ])('%j', (body, context) => {
    expect(contextOf(body)).toEqual({ context });
  });

  it.each([[[]], ['text'], [{ context: 7 }], [{ context: { targetingKey: 7 } }]])('refuses %j', (body) => {
    expect(contextOf(body)).toMatchObject({ refused: { errorCode: 'INVALID_CONTEXT' } });
  });

  it('takes no name of a prototype for anything else', () => {
    const asked = contextOf(JSON.parse('{"context":{"__proto__":{"plan":"pro"}}}'));
    expect('context' in asked && asked.context.plan).toBeUndefined();
  });
});

describe('what OFREP answers', () => {
  const metadata = { owner: 'web' };

  it('gives a value, leaves it out where the code’s default counts, and says what is wrong', () => {
    expect(ofrepOf('a', { value: false, variant: 'off', reason: 'STATIC', metadata })).toEqual({
      key: 'a',
      value: false,
      variant: 'off',
      reason: 'STATIC',
      metadata,
    });
    expect(ofrepOf('a', { reason: 'DISABLED', metadata })).toEqual({
      key: 'a',
      reason: 'DISABLED',
      metadata,
    });
    expect(ofrepOf('a', { errorCode: 'PARSE_ERROR', errorMessage: 'no', metadata })).toEqual({
      key: 'a',
      errorCode: 'PARSE_ERROR',
      errorDetails: 'no',
      metadata,
    });
  });

  it('knows a tag in whatever form a client or a proxy sends it', () => {
    const tag = '"a1"';
    expect(hasTag(undefined, tag)).toBe(false);
    expect(hasTag(tag, tag)).toBe(true);
    expect(hasTag(`"x", W/${tag}`, tag)).toBe(true);
    expect(hasTag('*', tag)).toBe(true);
    expect(hasTag('"a2"', tag)).toBe(false);
  });
});
