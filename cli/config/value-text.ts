import type { Changes } from '#configuration/values/views.ts';
import { colours } from '../output.ts';

/** The most of a value that stands in a table. */
const mostShown = 60;

/** A value for a table: a secret is said to be one. */
export function shown({
  secret,
  value,
  deleted,
}: {
  secret: boolean;
  value?: unknown;
  deleted?: boolean;
}): string {
  if (deleted) return 'deleted';
  if (secret) return 'secret';
  const text = JSON.stringify(value) ?? 'none';
  return text.length > mostShown ? `${text.slice(0, mostShown - 1)}…` : text;
}

const painted = { added: colours.green, removed: colours.red, changed: colours.yellow, unchanged: String };

/** How a key differs, a line for each place. */
export function changeLines({ key, change, secret, differences }: Changes): string[] {
  const first = `${painted[change](change)} ${key}${secret ? ' (secret)' : ''}`;
  const places = differences.map(
    ({ pointer, before, after }) =>
      `  ${pointer || 'the value'}: ${before === undefined ? 'nothing' : JSON.stringify(before)} → ${after === undefined ? 'nothing' : JSON.stringify(after)}`,
  );
  return [first, ...places];
}
