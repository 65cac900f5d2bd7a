import { z } from 'zod';
import { shownValue } from '#platform/shown-value.ts';
import { differences } from '../registry/diff.ts';
import type { DriftDifference } from './schemas.ts';

const mostNamed = 50;

const Document = z.looseObject({ flags: z.record(z.string(), z.unknown()) });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const split = (pointer: string): Pick<DriftDifference, 'flag' | 'pointer'> => {
  const [, first = '', name, ...rest] = pointer.split('/');
  if (first !== 'flags' || name === undefined) return { flag: null, pointer };
  const flag = name.replaceAll('~1', '/').replaceAll('~0', '~');
  return { flag, pointer: rest.length === 0 ? '' : `/${rest.join('/')}` };
};

/** How a document that is in force differs from the one that ought to be: at most 50 places, or why none can be named. */
export function compareDocuments(
  expected: string,
  found: string,
): { differences: DriftDifference[]; problem: string | null } {
  if (expected === found) return { differences: [], problem: null };
  const document = parsed(found);
  if (!Document.safeParse(document).success) {
    return { differences: [], problem: 'What is in force is no document of flags' };
  }
  // Where the schema of documents is, no reader asks.
  const all = differences(parsed(expected), document)
    .filter(({ pointer }) => pointer !== '/$schema')
    .slice(0, mostNamed);
  return {
    differences: all.map(({ pointer, before, after }) => ({
      ...split(pointer),
      expected: shownValue(before),
      found: shownValue(after),
    })),
    problem: null,
  };
}
