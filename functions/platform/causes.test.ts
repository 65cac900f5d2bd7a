import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFailure, toTransport } from './causes.ts';
import { Conflict } from './errors.ts';

const causeOf = (error: Error) => JSON.stringify({ errorType: error.name, errorMessage: error.message });

describe('failure causes', () => {
  it('come back as they were thrown, whatever the message and evidence hold', () => {
    const message = fc.string().filter((text) => !/password|:\/\//i.test(text));
    const evidence = fc.dictionary(
      fc.stringMatching(/^[a-f]{1,8}$/),
      fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[a-z \n]*$/)),
    );
    fc.assert(
      fc.property(message, evidence, (text, found) => {
        const read = readFailure('Conflict', causeOf(toTransport(new Conflict(text, { evidence: found }))));
        expect(read.message).toBe(text);
        // Compared as JSON: the generated dictionaries have no prototype.
        expect(JSON.stringify(read.evidence)).toBe(JSON.stringify(found));
      }),
    );
  });

  it('drop evidence that is too large to carry, never the name', () => {
    const read = readFailure(
      'x',
      causeOf(toTransport(new Conflict('big', { evidence: { rows: 'r'.repeat(9_000) }, action: 'a' }))),
    );
    expect(read).toEqual({ name: 'Conflict', message: 'big', evidence: {}, action: 'a', retryable: false });
  });

  it('of a service are read as plain text', () => {
    expect(readFailure('States.Timeout', undefined)).toEqual({
      name: 'States.Timeout',
      message: '',
      evidence: {},
      retryable: false,
    });
    expect(
      readFailure('Sandbox.Timedout', '{"errorType":"Sandbox.Timedout","errorMessage":"late"}').message,
    ).toBe('late');
    expect(readFailure('E', 'not json {').message).toBe('not json {');
  });

  it('carry no secret of the evidence', () => {
    const error = new Conflict('no', { evidence: { url: 'postgres://u:pw@h/d', note: 'at mysql://u:pw@h' } });
    expect(toTransport(error).message).not.toContain('pw');
  });
});
