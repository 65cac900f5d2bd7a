import { isObject, pointerTo } from '../json-schema/document.ts';
import { followed } from '../openapi/resolve.ts';
import type { ValueAt } from './model.ts';

type Fields = Record<string, unknown>;

/** An object of the document and where it stands, references followed. */
export interface ObjectAt {
  value: Fields;
  pointer: string;
}

export interface Problem {
  pointer: string;
  detail: string;
}

/** Reads a document step by step and gathers what is wrong with it. */
export class Reader {
  readonly document: Fields;
  readonly problems: Problem[] = [];

  constructor(document: Fields) {
    this.document = document;
  }

  /** The object at a place; a problem when something else is there. */
  object(at: ValueAt): ObjectAt | undefined {
    const led = followed(this.document, at);
    if (led && isObject(led.value)) return { value: led.value, pointer: led.pointer };
    this.problems.push({
      pointer: at.pointer,
      detail: led
        ? `Expected an object, found ${JSON.stringify(led.value)?.slice(0, 80)}`
        : 'Expected something there, found references that lead nowhere or in a circle',
    });
    return undefined;
  }

  /** The objects below a key, by name; none when the key is absent. */
  objects({ value, pointer }: ObjectAt, key: string): [name: string, at: ObjectAt][] {
    if (value[key] === undefined) return [];
    const all = this.object({ value: value[key], pointer: pointerTo(pointer, key) });
    return Object.entries(all?.value ?? {}).flatMap(([name, one]) => {
      if (name.startsWith('x-') || !all) return [];
      const at = this.object({ value: one, pointer: pointerTo(all.pointer, name) });
      return at ? [[name, at] as [string, ObjectAt]] : [];
    });
  }

  /** The objects of a list below a key, each with the reference that stands there, if one does. */
  list({ value, pointer }: ObjectAt, key: string): { at: ObjectAt; reference: string | undefined }[] {
    const all = value[key];
    if (!Array.isArray(all)) return [];
    return all.flatMap((one: unknown, index) => {
      const at = this.object({ value: one, pointer: pointerTo(pointer, key, index) });
      const reference = isObject(one) && typeof one.$ref === 'string' ? one.$ref : undefined;
      return at ? [{ at, reference }] : [];
    });
  }

  /**
   * An object with its traits. To 3.0 what stands in the object goes before what its traits say; to 2.x a trait that comes
   * later goes before all.
   */
  withTraits(at: ObjectAt, ownFirst: boolean): ObjectAt {
    const traits = this.list(at, 'traits').map((one) => one.at.value);
    const { traits: _, ...own } = at.value;
    const merged = (ownFirst ? [...traits, own] : [own, ...traits]).reduce<unknown>(mergePatch, {});
    return { value: isObject(merged) ? merged : own, pointer: at.pointer };
  }
}

/** JSON Merge Patch of RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

export const textOr = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
