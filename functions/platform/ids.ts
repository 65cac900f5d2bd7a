import { randomUUID } from 'node:crypto';

/** A new unique id with a prefix that says what it names, for example `mig_0f6e…`. Replaceable in tests. */
export let newId = (prefix: string): string => `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 20)}`;

/** Tests control ids through this; the product never calls it. Returns a function that restores the former source. */
export function setIdSource(source: (prefix: string) => string): () => void {
  const former = newId;
  newId = source;
  return () => {
    newId = former;
  };
}
