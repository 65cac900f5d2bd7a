import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { pointerTo } from '../json-schema/document.ts';

/** Both from 1; columns in UTF-16 units. */
export interface Position {
  line: number;
  column: number;
}

export interface Found extends Position {
  /** The pointer itself is there, and not only what is above it. */
  exact: boolean;
}

/** Where values stand in the text of JSON or YAML; a pointer that is not there stands where the nearest above it does. */
export function positionsOf(text: string, pointers: Iterable<string>): Map<string, Found> {
  const wanted = new Set<string>();
  for (const pointer of pointers) {
    for (let here = pointer; here !== ''; here = here.slice(0, here.lastIndexOf('/'))) wanted.add(here);
  }
  const found = /^\s*[{[]/.test(text) ? inJson(text, wanted) : inYaml(text, wanted);
  const answer = new Map<string, Found>();
  for (const pointer of pointers) {
    let here = pointer;
    while (here !== '' && !found.has(here)) here = here.slice(0, here.lastIndexOf('/'));
    answer.set(pointer, { ...(found.get(here) ?? { line: 1, column: 1 }), exact: here === pointer });
  }
  return answer;
}

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/** Reads JSON token by token: a text of megabytes takes a moment, where a tree of nodes would take many. */
function inJson(text: string, wanted: ReadonlySet<string>): Map<string, Position> {
  const found = new Map<string, Position>();
  const stack: { pointer: string; index: number | undefined }[] = [];
  let key: string | undefined;
  const lines = lineStarts(text);
  const pointerHere = (): string => {
    const top = stack.at(-1);
    if (!top) return '';
    return top.index === undefined ? pointerTo(top.pointer, key ?? '') : pointerTo(top.pointer, top.index);
  };
  let keyAt = 0;
  for (const match of text.matchAll(token)) {
    const [word] = match;
    const top = stack.at(-1);
    if (word === ',') {
      if (top?.index !== undefined) top.index++;
      key = undefined;
    } else if (word === '}' || word === ']') {
      stack.pop();
      key = undefined;
    } else if (word === ':') continue;
    else if (top && top.index === undefined && key === undefined) {
      key = stringOf(word);
      keyAt = match.index;
    } else {
      const pointer = pointerHere();
      // Of what has a name the name is shown.
      if (wanted.has(pointer)) found.set(pointer, at(lines, top?.index === undefined ? keyAt : match.index));
      if (word === '{' || word === '[') {
        stack.push({ pointer, index: word === '[' ? 0 : undefined });
        key = undefined;
      }
    }
  }
  return found;
}

function stringOf(word: string): string {
  try {
    return String(JSON.parse(word));
  } catch {
    return word;
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let next = text.indexOf('\n'); next !== -1; next = text.indexOf('\n', next + 1)) starts.push(next + 1);
  return starts;
}

function at(lines: readonly number[], offset: number): Position {
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
}

function inYaml(text: string, wanted: ReadonlySet<string>): Map<string, Position> {
  const found = new Map<string, Position>();
  const lines = new LineCounter();
  const note = (pointer: string, node: unknown) => {
    const offset = isNode(node) ? node.range?.[0] : undefined;
    if (offset === undefined || !wanted.has(pointer)) return;
    const { line, col: column } = lines.linePos(offset);
    found.set(pointer, { line, column });
  };
  const walk = (node: unknown, pointer: string): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const below = pointerTo(pointer, String(isScalar(key) ? key.value : key));
        note(below, key);
        walk(value, below);
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        note(pointerTo(pointer, index), item);
        walk(item, pointerTo(pointer, index));
      }
    }
  };
  walk(parseDocument(text, { lineCounter: lines, logLevel: 'silent' }).contents, '');
  return found;
}
