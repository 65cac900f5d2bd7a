import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';

/** How this run of the CLI speaks: colours only on a terminal, JSON where asked. */
export const colours = pc.createColors(Boolean(process.stdout.isTTY) && !process.env.NO_COLOR);

export const print = (line = ''): void => void process.stdout.write(`${line}\n`);
/** One JSON value a line: what --json promises to scripts. */
export const printJson = (value: unknown): void => print(JSON.stringify(value));

/** What the platform says, with its commands as they are typed in a clone. */
export const asTyped = (text: string): string =>
  text.replaceAll(
    /(?<!npx )\btheseus (?=(?:migration|database|connector|backup|alert|alert-rule|webhook|slack|service|gateway|deployment|release|api|flag|config) |dev\b)/g,
    'npx theseus ',
  );

/** Colours and the like; in a group, so that split() keeps them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they begin with
const ESCAPE = /(\u001b\[[\d;]*m)/;
const widthOf = (text: string): number => stripVTControlCharacters(text).length;
const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** The line cut to a terminal's width, so that it takes one row there: what is redrawn in place counts rows. */
export function cutTo(line: string, width: number | undefined): string {
  if (width === undefined || width < 2 || widthOf(line) <= width) return line;
  let left = width - 1;
  const kept = line.split(ESCAPE).map((part, at) => {
    if (at % 2 === 1) return part;
    const shown = [...part].slice(0, left).join('');
    left -= [...shown].length;
    return shown;
  });
  return `${kept.join('')}…`;
}

/** Columns aligned by their widest cell, two spaces apart; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  }
  return rows.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : pad(cell, widths[at] ?? 0))).join('  '),
  );
}

/** `1,234,567` in every locale. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** `1 flag`, `1,234 flags`. */
export const counted = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** A duration in the two largest units that matter: `840 ms`, `12.3 s`, `4 min 5 s`, `3 h 20 min`, `6 d 23 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const pairs: [number, string, number, string][] = [
    [86_400, 'd', 3_600, 'h'],
    [3_600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ];
  for (const [large, largeUnit, small, smallUnit] of pairs) {
    const whole = Math.round(seconds / small) * small;
    if (whole >= large) {
      const rest = Math.round((whole % large) / small);
      return `${Math.floor(whole / large)} ${largeUnit}${rest > 0 ? ` ${rest} ${smallUnit}` : ''}`;
    }
  }
  return `${Math.round(seconds)} s`;
}

/** `1.2 GB` in powers of 1000. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let rest = value;
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000;
    at++;
  }
  return `${at === 0 ? rest : rest.toFixed(1)} ${units[at]}`;
}

/** `████████░░░░  66 %`; `share` is 0–1 and is clamped. */
export function bar(share: number, width = 24): string {
  const clamped = Math.min(1, Math.max(0, share));
  const full = Math.round(clamped * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.floor(clamped * 100)).padStart(3)} %`;
}
