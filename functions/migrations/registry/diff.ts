import { canonical, objectKey, type SchemaObject, type SchemaShape } from './shape.ts';

/** One object that is not the same in two shapes: null where it does not stand. Never null on both sides. */
export interface ObjectChange {
  before: SchemaObject | null;
  after: SchemaObject | null;
}

type Objects = Pick<SchemaShape, 'objects'>;
const byKey = ({ objects }: Objects) => new Map(objects.map((one) => [objectKey(one), one]));

/** The object a change is about, as it is afterwards, or was. Throws RangeError when it is about none. */
export function subjectOf({ before, after }: ObjectChange): SchemaObject {
  const subject = after ?? before;
  if (subject === null) throw new RangeError('A change has an object before or after it');
  return subject;
}

/** What leads from one shape to another, in the order of the objects' keys. */
export function changesBetween(from: Objects, to: Objects): ObjectChange[] {
  const before = byKey(from);
  const after = byKey(to);
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key) => {
    const change = { before: before.get(key) ?? null, after: after.get(key) ?? null };
    const same = change.before && change.after && canonical(change.before) === canonical(change.after);
    return same ? [] : [change];
  });
}

/** The shape after these changes. */
export function applyChanges(shape: SchemaShape, changes: readonly ObjectChange[]): SchemaShape {
  const objects = byKey(shape);
  for (const change of changes) {
    const key = objectKey(subjectOf(change));
    if (change.after === null) objects.delete(key);
    else objects.set(key, change.after);
  }
  return { ...shape, objects: [...objects.values()] };
}

/** What takes these changes back. */
export const inverse = (changes: readonly ObjectChange[]): ObjectChange[] =>
  changes.map(({ before, after }) => ({ before: after, after: before }));
