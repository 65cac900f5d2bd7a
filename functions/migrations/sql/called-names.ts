const word = /[\p{L}_][\p{L}\p{N}_$]*/gu;
const quoted = /"((?:[^"]|"")+)"/g;

/**
 * Every name that a function called anywhere in `file` could have: all words of all its texts, as they stand and in lower
 * case, and what is quoted. Undefined where a text may spell names in a way of its own (`U&"…"`).
 */
export function calledNames(file: unknown): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  const add = (name: string) => names.add(name).add(name.toLowerCase());
  for (const text of textsIn(file)) {
    if (/u&"/i.test(text)) return undefined;
    for (const [name] of text.matchAll(word)) add(name);
    for (const [, name = ''] of text.matchAll(quoted)) add(name.replaceAll('""', '"'));
  }
  return names;
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const one of Object.values(value)) yield* textsIn(one);
}
