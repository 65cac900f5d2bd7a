import { isObject, pointerTo, stepsOf } from '../json-schema/document.ts';

/** A value of a document and where it stands. */
export interface At {
  value: unknown;
  pointer: string;
}

/** References one after the other, before it is taken for a circle. */
const MOST = 32;

/** What a reference inside the document leads to; undefined when nothing is there. */
export function target(document: unknown, reference: string): At | undefined {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  let here = document;
  const steps = stepsOf(decoded(reference.slice(1)));
  for (const step of steps) {
    if (Array.isArray(here) && /^\d+$/.test(step)) here = here[Number(step)];
    else if (isObject(here) && Object.hasOwn(here, step)) here = here[step];
    else return undefined;
  }
  return here === undefined ? undefined : { value: here, pointer: pointerTo('', ...steps) };
}

/** Follows `$ref` until something else is there; undefined when it leads nowhere, elsewhere or in a circle. */
export function followed(document: unknown, at: At): At | undefined {
  let here: At | undefined = at;
  for (let hops = 0; here && hops < MOST; hops++) {
    const reference: unknown = isObject(here.value) ? here.value.$ref : undefined;
    if (typeof reference !== 'string') return here;
    here = target(document, reference);
  }
  return undefined;
}

export const isExternal = (reference: string): boolean => !reference.startsWith('#');

export function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
