/** How often what may be repeated without end is repeated: samples are short, since bad expressions take for ever on long ones. */
const REPEATS = [0, 1, 2, 3];
const MOST = 40;

interface Reader {
  pattern: string;
  at: number;
}

/**
 * Some texts that match a regular expression, most likely: whoever needs certainty tests them. None when the expression
 * looks ahead or back, or is otherwise beyond reading.
 */
export function samplesOf(pattern: string): string[] {
  const found = new Set<string>();
  for (const repeats of REPEATS) {
    for (const choice of [0, 1, 2]) {
      const reader: Reader = { pattern, at: 0 };
      try {
        const text = alternatives(reader, repeats, choice);
        if (reader.at === pattern.length && text.length <= MOST) found.add(text);
      } catch {
        return [...found];
      }
    }
  }
  return [...found];
}

function alternatives(reader: Reader, repeats: number, choice: number): string {
  const ways = [sequence(reader, repeats, choice)];
  while (reader.pattern[reader.at] === '|') {
    reader.at++;
    ways.push(sequence(reader, repeats, choice));
  }
  return ways[choice % ways.length] ?? '';
}

function sequence(reader: Reader, repeats: number, choice: number): string {
  let text = '';
  while (reader.at < reader.pattern.length && !'|)'.includes(reader.pattern[reader.at] ?? '')) {
    const from = reader.at;
    const one = atom(reader, repeats, choice);
    const to = reader.at;
    const times = quantifier(reader, repeats);
    if (times === undefined) text += one;
    else if (times > 0) text += one + again(reader, from, to, times - 1, repeats, choice);
  }
  return text;
}

/** The same part of the expression once more, with another choice, so that repeated letters differ. */
function again(
  reader: Reader,
  from: number,
  to: number,
  times: number,
  repeats: number,
  choice: number,
): string {
  let text = '';
  for (let time = 1; time <= Math.min(times, MOST); time++) {
    text += atom({ pattern: reader.pattern.slice(0, to), at: from }, repeats, choice + time);
  }
  return text;
}

function quantifier(reader: Reader, repeats: number): number | undefined {
  const found = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(reader.pattern.slice(reader.at));
  if (!found) return undefined;
  reader.at += found[0].length;
  const [, sign, least, comma, most] = found;
  if (sign === '?') return Math.min(repeats, 1);
  if (sign) return sign === '+' ? Math.max(1, repeats) : repeats;
  const low = Number(least);
  if (comma === '') return low;
  return most === '' ? low + repeats : Math.min(low + repeats, Number(most));
}

const classes: Record<string, string> = {
  d: '0123456789',
  w: 'abcXYZ019_',
  s: ' \t',
  D: 'a-',
  W: '-.',
  S: 'ab1',
};

function atom(reader: Reader, repeats: number, choice: number): string {
  const sign = reader.pattern[reader.at++];
  if (sign === '^' || sign === '$') return '';
  if (sign === '.') return 'abc'[choice % 3] ?? 'a';
  if (sign === '[') return pick(characterClass(reader), choice);
  if (sign === '(') return group(reader, repeats, choice);
  if (sign === '\\') {
    const signs = escaped(reader);
    return signs.length === 1 ? signs : pick([...signs], choice);
  }
  return sign ?? '';
}

function group(reader: Reader, repeats: number, choice: number): string {
  const opening = /^\?(?::|<[A-Za-z_]\w*>)/.exec(reader.pattern.slice(reader.at));
  if (opening) reader.at += opening[0].length;
  else if (reader.pattern[reader.at] === '?') throw new Error('Looking around is not read');
  const text = alternatives(reader, repeats, choice);
  reader.at++;
  return text;
}

/** The characters that an escape stands for; `\b` stands for none. */
function escaped(reader: Reader): string {
  const sign = reader.pattern[reader.at++] ?? '';
  if (sign === 'b') return '';
  if (/[pPkuxc0-9]/.test(sign)) throw new Error('Properties, references and code points are not read');
  return classes[sign] ?? { n: '\n', t: '\t', r: '\r' }[sign] ?? sign;
}

function characterClass(reader: Reader): string[] {
  const negated = reader.pattern[reader.at] === '^';
  if (negated) reader.at++;
  const found: string[] = [];
  const ranges: [string, string][] = [];
  while (reader.at < reader.pattern.length && reader.pattern[reader.at] !== ']') {
    const one = classCharacter(reader);
    if (one.length === 1 && reader.pattern[reader.at] === '-' && reader.pattern[reader.at + 1] !== ']') {
      reader.at++;
      ranges.push([one, classCharacter(reader)]);
    } else found.push(...one);
  }
  reader.at++;
  const inRange = (sign: string) =>
    ranges.some(([from, to]) => sign >= from && sign <= to) || found.includes(sign);
  if (negated) return [...'aA0 -_.~!'].filter((sign) => !inRange(sign));
  return [...found, ...ranges.flat()];
}

function classCharacter(reader: Reader): string {
  const sign = reader.pattern[reader.at++] ?? '';
  return sign === '\\' ? escaped(reader) : sign;
}

const pick = (from: readonly string[], choice: number) => from[choice % Math.max(1, from.length)] ?? '';
