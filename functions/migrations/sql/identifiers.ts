import { createHash } from 'node:crypto';

/** PostgreSQL cuts longer names silently; bytes of UTF-8. */
export const MAX_IDENTIFIER_BYTES = 63;

const bytes = (text: string) => Buffer.byteLength(text, 'utf8');

/** Always quoted, so that no text in it can be anything but a name. Throws RangeError on a NUL or an empty name. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new RangeError('An identifier is at least one character, none of them NUL');
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal that reads the same under any standard_conforming_strings. Throws RangeError on a NUL. */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new RangeError('A literal cannot hold NUL');
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/** `"schema"."name"`. */
export function qualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** A search_path as it can be pasted into SET: names that are not plain identifiers are quoted. */
export function searchPath(...schemas: string[]): string {
  return schemas.map((name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteIdentifier(name))).join(', ');
}

/** The longest start of `text` of at most `limit` bytes that does not split a character. */
export function cutToBytes(text: string, limit: number): string {
  let cut = '';
  let used = 0;
  for (const character of text) {
    used += bytes(character);
    if (used > limit) break;
    cut += character;
  }
  return cut;
}

/** Eight hex digits that tell `parts` apart; no two lists of parts read the same. */
function digest(parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);
}

/** A name of ours for something derived from `parts`, readable by its last part: `_theseus_1a2b3c4d_amount`, under 63 bytes. */
export function hashedName(...parts: [string, ...string[]]): string {
  const prefix = `_theseus_${digest(parts)}_`;
  return prefix + cutToBytes(parts[parts.length - 1] ?? '', MAX_IDENTIFIER_BYTES - 1 - prefix.length);
}

/** `name` as it is, or cut and told apart by a hash when PostgreSQL would cut it. */
export function fittingName(name: string): string {
  if (bytes(name) <= MAX_IDENTIFIER_BYTES) return name;
  return `${cutToBytes(name, MAX_IDENTIFIER_BYTES - 9)}_${digest([name])}`;
}

/** Whether PostgreSQL keeps the name whole. */
export function fitsIdentifier(name: string): boolean {
  return name !== '' && !name.includes('\0') && bytes(name) <= MAX_IDENTIFIER_BYTES;
}

/** `, did you mean "x"?` for the nearest of `candidates`, or nothing when none is near. */
export function didYouMean(name: string, candidates: string[]): string {
  const limit = Math.max(1, Math.floor(name.length / 3));
  const nearest = candidates
    .slice(0, 2_000)
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)[0];
  return nearest === undefined ? '' : `; did you mean "${nearest.candidate}"?`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
