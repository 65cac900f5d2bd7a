import type { Direction, Level } from '../../changes.ts';

export interface Rule {
  level: Level;
  direction: Direction;
  /** When it is reported. */
  when: string;
  /** What to do instead, or about it. */
  remedy: string;
}

/** Rules of one direction: each is its level, when it is reported, and what to do. */
export function rules<N extends string>(
  direction: Direction,
  list: Readonly<Record<N, readonly [level: Level, when: string, remedy?: string]>>,
): Record<N, Rule> {
  const made = Object.entries<readonly [Level, string, string?]>(list).map(
    ([name, [level, when, remedy]]) => [name, { level, direction, when, remedy: remedy ?? 'None needed.' }],
  );
  // Object.fromEntries knows no names.
  return Object.fromEntries(made) as Record<N, Rule>;
}
