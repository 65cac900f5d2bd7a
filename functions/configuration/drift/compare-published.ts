import { z } from 'zod';
import { shownValue } from '#platform/shown-value.ts';
import { differencesOf } from '../resolution/differences.ts';
import type { PublishedDifference } from './schemas.ts';

const mostNamed = 50;

type Json = z.infer<ReturnType<typeof z.json>>;
const Entries = z.record(z.string(), z.json());
const Document = z.looseObject({ namespaces: z.record(z.string(), Entries) });

function parsed(text: string): z.infer<typeof Document> | undefined {
  try {
    return Document.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** All that a document has, by namespace and key. */
const entriesOf = ({ namespaces }: z.infer<typeof Document>): Map<string, Json> =>
  new Map(
    Object.entries(namespaces).flatMap(([namespace, entries]) =>
      Object.entries(entries).map(([key, entry]): [string, Json] => [`${namespace}/${key}`, entry]),
    ),
  );

const divided = (name: string): [string, string] => {
  const at = name.indexOf('/');
  return [name.slice(0, at), name.slice(at + 1)];
};

/**
 * How a published document that is in force differs from the one that ought to be, or why no difference can be named.
 * Whoever wrote it may have put a secret anywhere: values are shown of keys alone that are defined and plain
 * (`isPlain`).
 */
export function comparePublished(
  expected: string,
  found: string,
  isPlain: (namespace: string, key: string) => boolean,
): { differences: PublishedDifference[]; problem: string | null } {
  if (expected === found) return { differences: [], problem: null };
  const [ours, theirs] = [parsed(expected), parsed(found)];
  if (ours === undefined || theirs === undefined)
    return { differences: [], problem: 'What is in force is no document of configuration' };
  const [left, right] = [entriesOf(ours), entriesOf(theirs)];
  const differences = [...new Set([...left.keys(), ...right.keys()])].toSorted().flatMap((name) => {
    const [namespace, key] = divided(name);
    const plain = isPlain(namespace, key);
    const all = differencesOf(left.get(name), right.get(name));
    // Of what is not shown, that it differs is said once.
    return (plain ? all : all.slice(0, 1)).map(({ pointer, before, after }) => ({
      namespace,
      key,
      pointer: plain ? pointer : '',
      expected: plain ? shownValue(before) : null,
      found: plain ? shownValue(after) : null,
      hidden: !plain,
    }));
  });
  return { differences: [...differences, ...beside(ours, theirs)].slice(0, mostNamed), problem: null };
}

/** What documents have beside their keys: that it differs, not what it is. */
function beside(ours: z.infer<typeof Document>, theirs: z.infer<typeof Document>): PublishedDifference[] {
  const [left, right] = [ours, theirs].map(
    ({ namespaces: _, ...rest }) => new Map(Object.entries(z.record(z.string(), z.json()).parse(rest))),
  );
  return [...new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])]
    .filter((name) => differencesOf(left?.get(name), right?.get(name)).length > 0)
    .map((name) => ({
      namespace: null,
      key: null,
      pointer: `/${name}`,
      expected: null,
      found: null,
      hidden: true,
    }));
}
