import type { Finding } from './finding.ts';
import { likeness, pairsByLikeness } from './names.ts';
import { type Shape, shapeOf, type Written } from './shapes.ts';

/** A property of the older object and the same of the newer one, under another name or not. */
export interface PropertyPair {
  older: string;
  newer: string;
  sure: Finding['sure'];
  why: string;
}

export interface PairedProperties {
  pairs: PropertyPair[];
  gone: string[];
  came: string[];
}

/** Which properties of two objects are the same ones. */
export function pairedProperties(older: Shape, newer: Shape): PairedProperties {
  const same = [...older.properties.keys()].filter((name) => newer.properties.has(name));
  let gone = [...older.properties.keys()].filter((name) => !newer.properties.has(name));
  let came = [...newer.properties.keys()].filter((name) => !older.properties.has(name));
  const pairs: PropertyPair[] = same.map((name) => ({ older: name, newer: name, sure: 'certain', why: '' }));
  const take = (pair: PropertyPair) => {
    pairs.push(pair);
    gone = gone.filter((name) => name !== pair.older);
    came = came.filter((name) => name !== pair.newer);
  };
  for (const name of [...came]) {
    const former = shapeAt(newer, name).formerName;
    if (former !== undefined && gone.includes(former))
      take({ older: former, newer: name, sure: 'certain', why: 'the new description says x-renamed-from' });
  }
  const alike = pairsByLikeness(gone, came, (one, other) =>
    shapeAt(older, one).text === shapeAt(newer, other).text ? likeness(one, other) : 0,
  );
  for (const { one, other, score } of alike) {
    const why =
      score === 1
        ? 'the names differ in how they are written only, and the schemas are the same'
        : 'the names are alike, the schemas the same, and no other field is';
    take({ older: one, newer: other, sure: score === 1 ? 'certain' : 'likely', why });
  }
  return { pairs, gone, came };
}

export const shapeAt = (shape: Shape, name: string): Shape =>
  shapeOf(shape.properties.get(name) ?? { schema: true, document: true });

/** A field that is only in one of two objects, with its place below them. */
interface Alone {
  path: string[];
  shape: Shape;
}

export interface Moved {
  from: string[];
  to: string[];
}

const DEEPEST = 4;

/**
 * Fields that stand elsewhere in the same object: of the same name and schema, and the only ones that are so. They pass
 * no list or map on their way.
 */
export function movedFields(older: Written, newer: Written): Moved[] {
  const gone = alone(older, newer, [], 0);
  const came = alone(newer, older, [], 0);
  const fits = (one: Alone, other: Alone) =>
    one.path.at(-1) === other.path.at(-1) &&
    one.shape.text === other.shape.text &&
    one.path.slice(0, -1).join('/') !== other.path.slice(0, -1).join('/');
  return gone.flatMap((one) => {
    const targets = came.filter((other) => fits(one, other));
    const [target] = targets;
    if (!target || targets.length > 1) return [];
    if (gone.filter((another) => fits(another, target)).length > 1) return [];
    return [{ from: one.path, to: target.path }];
  });
}

/** Fields of `here` that are not at the same place in `there`; of an object that is new as a whole what is in it. */
function alone(here: Written, there: Written | undefined, path: string[], depth: number): Alone[] {
  if (depth > DEEPEST) return [];
  const shape = shapeOf(here);
  const other = there && shapeOf(there);
  return [...shape.properties].flatMap(([name, written]) => {
    const inside = shapeOf(written);
    const counterpart = other?.properties.get(name);
    const below = [...path, name];
    if (inside.properties.size > 0) {
      if (counterpart && shapeOf(counterpart).text === inside.text) return [];
      return alone(written, counterpart, below, depth + 1);
    }
    return counterpart ? [] : [{ path: below, shape: inside }];
  });
}
