import type { Choice } from '#compatibility/api-version.ts';
import { InvalidInput } from '#platform/errors.ts';
import { type HeaderFields, headerText } from '../serving/headers.ts';

/** What of a request says its version, and what is sent on. */
export interface Asked {
  /** Behind the service's name, as it was sent. */
  path: string;
  /** Without the question mark. */
  query: string;
  headers: HeaderFields;
}

export interface Taken extends Asked {
  /** The version as the request names it; undefined: it names none. */
  named: string | undefined;
  /** The media type that the client speaks instead of application/json. */
  mediaType?: string;
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
/** Begins with a digit: `/v{version}` is not the beginning of `/vehicles`. */
const version = String.raw`(\d[0-9A-Za-z.-]{0,127}?)`;

/**
 * Reads the version that a request names, and takes it out where the service must not see it: the part of the path, the
 * parameter, the media type. Throws InvalidInput when it names two.
 */
export function versionReader(choice: Choice): (asked: Asked) => Taken {
  if (choice.by === 'header')
    return (asked) => ({ ...asked, named: headerText(asked.headers, choice.name)?.trim() || undefined });
  if (choice.by === 'query') return (asked) => fromQuery(asked, choice.name);
  const [before = '', after = ''] = choice.template.split('{version}');
  const pattern = `${escaped(before)}${version}${escaped(after)}`;
  if (choice.by === 'path') {
    const prefix = new RegExp(`^${pattern}(?=/|$)`);
    return (asked) => {
      const found = prefix.exec(asked.path);
      if (found === null) return { ...asked, named: undefined };
      return { ...asked, path: asked.path.slice(found[0].length) || '/', named: found[1] };
    };
  }
  const types = new RegExp(String.raw`(?<![^\s,])${pattern}(?=\s*(?:[;,]|$))`, 'gi');
  return (asked) => fromMediaType(asked, types);
}

const twice = (names: string[]): InvalidInput =>
  new InvalidInput(`The request names several versions: ${names.join(', ').slice(0, 200)}`, {
    problems: [{ pointer: '/version', detail: 'Expected one version' }],
    action: 'Name one version.',
  });

function only(found: readonly (string | undefined)[]): string | undefined {
  const names = [...new Set(found.filter((one) => one !== undefined))];
  if (names.length > 1) throw twice(names);
  return names[0];
}

function fromQuery(asked: Asked, name: string): Taken {
  if (asked.query === '') return { ...asked, named: undefined };
  const found: string[] = [];
  const rest = asked.query.split('&').filter((pair) => {
    const [key = '', value = ''] = pair.split('=', 2);
    if (decoded(key) !== name) return true;
    found.push(decoded(value));
    return false;
  });
  return { ...asked, query: rest.join('&'), named: only(found) || undefined };
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function fromMediaType(asked: Asked, types: RegExp): Taken {
  const headers = { ...asked.headers };
  const names: (string | undefined)[] = [];
  let mediaType: string | undefined;
  for (const field of ['accept', 'content-type']) {
    const text = headerText(headers, field);
    if (text === undefined) continue;
    headers[field] = text.replaceAll(types, (whole: string, named: string) => {
      mediaType ??= whole;
      names.push(named);
      return 'application/json';
    });
  }
  const named = only(names);
  return { ...asked, headers, named, ...(mediaType === undefined ? {} : { mediaType }) };
}
