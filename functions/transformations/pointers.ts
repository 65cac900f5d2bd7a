import { z } from 'zod';

/**
 * Where a value stands in a document: an RFC 6901 pointer in which `*` is every item of a list and every value of a map.
 * The empty pointer is the whole document.
 */
export const Pointer = z
  .string()
  .max(500)
  .regex(/^(\/([^~/]|~[01])*)*$/, 'expected an RFC 6901 pointer such as /items/*/price')
  .refine((pointer) => stepsOf(pointer).length <= 32, 'expected at most 32 steps');

/** A pointer to something that has a name: not the whole document, and not every item. */
export const NamedPointer = Pointer.refine(
  (pointer) => pointer !== '' && stepsOf(pointer).at(-1) !== '*',
  'expected a pointer that ends with the name of a field',
);

/** The step that stands for every item of a list and every value of a map. */
export const EVERY = '*';

/** The steps of a pointer; none for the whole document. */
export const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The pointer of some steps. */
export const pointerOf = (steps: readonly (string | number)[]): string =>
  steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The steps that lead to what holds a named field, and its name. */
export function parentOf(pointer: string): { holder: string[]; name: string } {
  const steps = stepsOf(pointer);
  const name = steps.at(-1);
  if (name === undefined) throw new RangeError('The whole document has no name');
  return { holder: steps.slice(0, -1), name };
}

/** Whether a place, with numbers of items, is at or below a pointer with `*`. */
export function isWithin(place: readonly string[], pattern: readonly string[]): boolean {
  return place.length >= pattern.length && pattern.every((step, at) => step === EVERY || step === place[at]);
}
