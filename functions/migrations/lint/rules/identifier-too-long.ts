import { fitsIdentifier, MAX_IDENTIFIER_BYTES } from '../../sql/identifiers.ts';
import type { Rule } from '../rule.ts';
import { tokensOf } from '../tokens.ts';

export const identifierTooLong: Rule = {
  id: 'identifier-too-long',
  severity: 'error',
  title: `A name of more than ${MAX_IDENTIFIER_BYTES} bytes`,
  lock: null,
  why: 'PostgreSQL cuts it without an error: two names become one, and a later statement finds nothing under the whole name.',
  advice: `Choose a name of at most ${MAX_IDENTIFIER_BYTES} bytes.`,
  // In the text, not in the tree: the parser has cut them already.
  check({ text }) {
    if (Buffer.byteLength(text) <= MAX_IDENTIFIER_BYTES) return [];
    return [...tokensOf(text)]
      .filter(
        ({ kind, text: name }) =>
          (kind === 'name' || kind === 'word') && name !== '' && !fitsIdentifier(name),
      )
      .map(({ text: name, start }) => ({
        offset: start,
        message: `"${name.slice(0, 80)}" has ${Buffer.byteLength(name)} bytes.`,
      }));
  },
};
