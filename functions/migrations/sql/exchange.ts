/** A name in SQL text: where it begins (bytes), of how many parts it is (`t.a` has 2), and what comes in its place. */
export interface Place {
  at: number;
  parts: number;
  by: string;
}

const part = String.raw`(?:"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*)`;

/** The text with the names at these places exchanged, or null when one of them does not look like a name. */
export function exchangeNames(sql: string, places: Place[]): string | null {
  let bytes = Buffer.from(sql, 'utf8');
  for (const { at, parts, by } of places.toSorted((a, b) => b.at - a.at)) {
    const name = new RegExp(`^${part}(?:\\s*\\.\\s*${part}){${parts - 1}}`, 'u');
    const found = name.exec(bytes.subarray(at).toString('utf8'))?.[0];
    if (found === undefined) return null;
    const end = at + Buffer.byteLength(found, 'utf8');
    bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(by, 'utf8'), bytes.subarray(end)]);
  }
  return bytes.toString('utf8');
}
