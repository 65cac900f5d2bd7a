import { isObject, isSchema, type JsonSchema, pointerTo, stepsOf, subschemas } from './document.ts';

/** A schema together with where it stands: which document, and where in it. */
export interface Located {
  schema: JsonSchema;
  /** Inside its document, so that it can be named to a person. */
  pointer: string;
  /** What `#` means here. */
  root: Root;
}

/** One document of schemas: the schema itself and the definitions that it shares with others. */
export interface Root {
  schema: JsonSchema;
  pointer: string;
  /** `#/definitions/<name>` that the schema has not itself. */
  shared: Readonly<Record<string, JsonSchema>>;
  sharedPointer: string;
}

/** Follows one `$ref`; undefined when nothing is there. Only `#` and `#/…` are local; see `isLocal`. */
export function resolve(reference: string, root: Root): Located | undefined {
  const steps = stepsOf(decode(reference.slice(1)));
  const own = walk(root.schema, steps);
  if (own !== undefined) return { schema: own, pointer: pointerTo(root.pointer, ...steps), root };
  const [first, name, ...rest] = steps;
  if (first !== 'definitions' || name === undefined || !Object.hasOwn(root.shared, name)) return undefined;
  const shared = walk(root.shared[name], rest);
  if (shared === undefined) return undefined;
  return { schema: shared, pointer: pointerTo(root.sharedPointer, name, ...rest), root };
}

/** References inside the document: the whole of it, or a pointer into it. Anchors and other documents are not. */
export const isLocal = (reference: string): boolean => reference === '#' || reference.startsWith('#/');

function walk(from: unknown, steps: readonly string[]): JsonSchema | undefined {
  let here: unknown = from;
  for (const step of steps) {
    if (Array.isArray(here)) here = here[Number(step)];
    else if (isObject(here) && Object.hasOwn(here, step)) here = here[step];
    else return undefined;
  }
  return isSchema(here) ? here : undefined;
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

/** Every schema of a document, itself included, with its pointer. */
export function* everySchema(
  schema: JsonSchema,
  pointer = '',
): Generator<{ schema: JsonSchema; pointer: string }> {
  yield { schema, pointer };
  for (const below of subschemas(schema)) {
    yield* everySchema(below.schema, pointerTo(pointer, ...below.steps));
  }
}
