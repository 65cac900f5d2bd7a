import type { HeaderFields } from '../serving/headers.ts';
import { decoded } from './choice.ts';

// Queries and headers as documents, and back.

/** The parameters of a query; those of one name are a list. */
export function parametersOf(query: string): Record<string, unknown> {
  const found = new Map<string, string[]>();
  for (const pair of query === '' ? [] : query.split('&')) {
    const at = pair.indexOf('=');
    const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    const values = found.get(decoded(name)) ?? [];
    values.push(decoded(value));
    found.set(decoded(name), values);
  }
  // fromEntries makes a property of any name, __proto__ too.
  return Object.fromEntries(
    [...found].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

const textOf = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const said = (value: unknown): boolean => value !== undefined && value !== null;

export const queryOf = (parameters: Readonly<Record<string, unknown>>): string =>
  Object.entries(parameters)
    .flatMap(([name, value]) =>
      listOf(value)
        .filter(said)
        .map((one) => [name, textOf(one)]),
    )
    .map((pair) => pair.map((text) => encodeURIComponent(text ?? '')).join('='))
    .join('&');

/** What would end a field. */
const control = /[\r\n\0]/g;

/** Fields as HTTP takes them: names in lower case, values as text. */
export function headersOf(document: Readonly<Record<string, unknown>>): HeaderFields {
  const fields: [string, string | string[]][] = [];
  for (const [name, value] of Object.entries(document)) {
    if (!said(value) || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) continue;
    const texts = listOf(value).map((one) => textOf(one).replaceAll(control, ' '));
    fields.push([name.toLowerCase(), Array.isArray(value) ? texts : (texts[0] ?? '')]);
  }
  return Object.fromEntries(fields);
}
