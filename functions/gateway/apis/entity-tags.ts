import type { HeaderFields } from '../serving/headers.ts';
import { headerText } from '../serving/headers.ts';

// What one answer becomes in each version is a representation of its own: its entity tag says which.

const markOf = (version: string): string => `;v=${version}`;

/** The tag of an answer for clients of a version. */
export function markedTag(tag: string | undefined, version: string): string | undefined {
  return tag?.endsWith('"') ? `${tag.slice(0, -1)}${markOf(version)}"` : tag;
}

/** The conditions of a request with the tags as the service gave them. */
export function unmarkedConditions(headers: HeaderFields, version: string): HeaderFields {
  const fields = { ...headers };
  for (const name of ['if-none-match', 'if-match']) {
    const text = headerText(headers, name);
    if (text !== undefined) fields[name] = text.replaceAll(`${markOf(version)}"`, '"');
  }
  return fields;
}
