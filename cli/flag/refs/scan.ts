/** A place in a text, counted from 1. */
export interface Place {
  line: number;
  column: number;
}
/** A flag named in a text; `call`: as what a function that evaluates flags is asked for. */
export interface Reference extends Place {
  key: string;
  call: boolean;
}

/** Functions of OpenFeature's SDKs that take the key of a flag: any language's way to write them. */
const asking = [
  // JavaScript, Java, PHP, Swift, Kotlin, Dart; .NET adds Async.
  'get(?:Boolean|String|Number|Integer|Int|Double|Float|Object|Structure|Value)(?:Value|Details|Evaluation)?(?:Async)?',
  'Get(?:Boolean|String|Number|Integer|Double|Object|Structure)(?:Value|Details)(?:Async)?',
  // Python and Ruby and Rust.
  '(?:get|fetch)_(?:boolean|bool|string|number|integer|int|float|object|struct)_(?:value|details)',
  // Go.
  '(?:Boolean|String|Float|Int|Object)(?:Value|ValueDetails)?',
  // React.
  'use(?:Suspense)?(?:Boolean|String|Number|Object)?Flag(?:Value|Details)?',
];

const mostKeyBytes = 256;
const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Anything in quotes that authored flags may be called. */
const quoted = /(["'`])([A-Za-z0-9][A-Za-z0-9_.-]{0,127})\1/g;
const authored = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** A word that says anything: it is a flag only where something is said of flags. */
const common = (key: string) => key.length < 6 && /^[a-z]+$/.test(key);
const ofFlags = /flag|feature|toggle|variant|experiment/i;

/** A scanner of texts for so many known keys; `wrappers` are names of own functions whose first text is a key. */
export function scanner(
  known: ReadonlySet<string>,
  wrappers: readonly string[],
): (text: string) => Reference[] {
  const names = [...asking, ...wrappers.map(escaped)].join('|');
  // At most one operand before the key, such as Go's context; its name in Ruby, Swift and Python; type arguments.
  const calls = new RegExp(
    `(?<![\\w$])(?:${names})\\s{0,80}(?:<[^<>()]{0,80}>)?\\s{0,80}\\(\\s{0,200}(?:[\\w.]{1,80}(?:\\(\\))?\\s{0,80},\\s{0,80})?(?:\\w{1,40}\\s?[:=]\\s{0,4})?(["'\`])([^"'\`\\n]{1,${mostKeyBytes}})\\1`,
    'g',
  );
  // Those that were taken over from elsewhere may be called anything.
  const others = [...known].filter((key) => !authored.test(key));

  return (text) => {
    const found = new Map<number, { key: string; call: boolean }>();
    const lines = lineStarts(text);
    const lineAt = (at: number) => {
      const { line } = placeOf(lines, at);
      return text.slice(lines[line - 1], lines[line] ?? text.length);
    };
    const literal = (at: number, key: string) => {
      if (!common(key) || ofFlags.test(lineAt(at))) found.set(at, { key, call: false });
    };
    for (const match of text.matchAll(quoted)) {
      const key = match[2] ?? '';
      if (known.has(key)) literal(match.index, key);
    }
    for (const key of others) {
      for (const quote of ['"', "'", '`']) {
        const written = `${quote}${key}${quote}`;
        for (let at = text.indexOf(written); at >= 0; at = text.indexOf(written, at + 1)) literal(at, key);
      }
    }
    for (const match of text.matchAll(calls)) {
      const key = match[2] ?? '';
      // The key ends where the match does, between its quotes.
      found.set(match.index + match[0].length - key.length - 2, { key, call: true });
    }
    return [...found]
      .sort(([one], [other]) => one - other)
      .map(([at, reference]) => ({ ...reference, ...placeOf(lines, at) }));
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function placeOf(starts: readonly number[], at: number): Place {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: at - (starts[low] ?? 0) + 1 };
}
