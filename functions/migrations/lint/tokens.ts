/** A part of an SQL text that is not code all the way: a comment, a quoted name or a bare word; UTF-16 offsets. */
export interface Token {
  kind: 'line' | 'block' | 'name' | 'word';
  /** Without the marks around it. */
  text: string;
  start: number;
  end: number;
}

/**
 * What hides the beginning of a comment inside it: strings, quoted names, dollar quotes; then the comments themselves.
 * A doubled quote reads as two strings side by side. Every alternative matches to the end of the text, so none backtracks.
 */
const piece =
  /[eE]'(?:[^'\\]+|''|\\.?)*(?:'|$)|'[^']*(?:'|$)|"(?<name>(?:[^"]+|"")*)(?:"|$)|\$(?<tag>(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$|--(?<line>[^\n]*)|(?<block>\/\*)|(?<word>[\w\u0080-\uffff$]+)|./gsu;

/** The comments, names and words of an SQL text in order; block comments nest, as in PostgreSQL. Never throws: what does not end, ends with the text. */
export function* tokensOf(sql: string): Generator<Token> {
  const scan = new RegExp(piece);
  for (let found = scan.exec(sql); found !== null; found = scan.exec(sql)) {
    const { tag, line, block, name, word } = found.groups ?? {};
    const [text] = found;
    const start = found.index;
    const end = start + text.length;
    if (tag !== undefined) {
      const close = sql.indexOf(text, scan.lastIndex);
      scan.lastIndex = close < 0 ? sql.length : close + text.length;
    } else if (line !== undefined) {
      yield { kind: 'line', text: line.trim(), start, end: start + text.trimEnd().length };
    } else if (block !== undefined) {
      const close = blockEnd(sql, start);
      scan.lastIndex = close;
      yield {
        kind: 'block',
        text: sql.slice(start + 2, Math.max(start + 2, close - 2)).trim(),
        start,
        end: close,
      };
    } else if (name !== undefined) yield { kind: 'name', text: name.replaceAll('""', '"'), start, end };
    else if (word !== undefined) yield { kind: 'word', text: word, start, end };
  }
}

function blockEnd(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let found = edge.exec(sql); found !== null; found = edge.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}
