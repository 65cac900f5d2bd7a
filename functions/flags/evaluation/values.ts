/** Something that a targeting computes cannot be computed from the context that came. */
export class NotComputable extends Error {
  override readonly name = 'NotComputable';
}

/** Whether JSONLogic takes a value for true: an empty list and an empty object are false. */
export function truthy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  if (Array.isArray(value)) return value.length > 0;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  return !isPlain || Object.keys(value).length > 0;
}

/** A value as a number: null and false are 0, true is 1, a string is read. Throws NotComputable where it is none. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  const number = typeof value === 'object' && value !== null ? Number.NaN : Number(value);
  if (Number.isNaN(number)) throw new NotComputable(`A number is needed, and there is ${typeof value}`);
  return number;
}

/** A list, or none where there is nothing. Throws NotComputable for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value) throw new NotComputable(`A list is needed, and there is ${typeof value}`);
  return [];
}
