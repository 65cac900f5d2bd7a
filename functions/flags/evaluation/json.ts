export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Whether a value is an object with names, rather than a list, null or no object. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** How a value is shown where a problem says what was found: short, and never more than a line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (isObject(value)) {
    const names = Object.keys(value);
    if (names.length === 0) return 'an empty object';
    const first = names.slice(0, 3).map((name) => quoted(name));
    return `an object with ${first.join(', ')}${names.length > 3 ? `, and ${names.length - 3} more` : ''}`;
  }
  return typeof value === 'string' ? quoted(value) : String(value);
}

/** A string in quotation marks, cut to 60 characters. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
