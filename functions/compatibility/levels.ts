import { z } from 'zod';
import { InvalidInput } from '#platform/errors.ts';
import { type Change, Level, type Place } from './changes.ts';

/** A level that a person gave a rule, and why: for all of it, or for one endpoint, or for what lies at a pointer. */
export const LevelOverride = z.strictObject({
  rule: z.string().min(1).max(200),
  level: Level,
  reason: z.string().trim().min(1, 'Expected why, for who reads it later').max(1_000),
  /** `GET /orders/{}`; with parameters named, too. */
  endpoint: z.string().max(2_048).optional(),
  /** The beginning of the change's pointer. */
  pointer: z.string().max(2_048).optional(),
});
export type LevelOverride = z.infer<typeof LevelOverride>;
export const LevelOverrides = z.array(LevelOverride).max(1_000);

/**
 * The changes with the levels that a person gave: the last override that fits decides. What it was and the reason stay in
 * the change.
 * @throws InvalidInput for a rule that is not among `rules`, with the nearest that is.
 */
export function overrideLevels(
  changes: readonly Change[],
  overrides: readonly LevelOverride[],
  rules: ReadonlySet<string>,
): Change[] {
  checkRules(overrides, rules);
  return changes.map((change) => {
    const fitting = overrides.findLast((one) => fits(one, change));
    if (!fitting) return change;
    const { level, reason } = fitting;
    const adjusted = [...(change.adjusted ?? []), { by: 'override' as const, from: change.level, reason }];
    return { ...change, level, adjusted };
  });
}

function checkRules(overrides: readonly LevelOverride[], rules: ReadonlySet<string>): void {
  const problems = overrides.flatMap(({ rule }, at) =>
    rules.has(rule)
      ? []
      : [
          {
            pointer: `/${at}/rule`,
            detail: `No rule is called ${rule}; the nearest is ${nearest(rule, rules)}`,
          },
        ],
  );
  const [first] = problems;
  if (first) {
    const action = 'docs/compatibility.md and docs/api-diff.md list all rules.';
    throw new InvalidInput(first.detail, { problems, action });
  }
}

function fits({ rule, endpoint, pointer }: LevelOverride, change: Change): boolean {
  if (rule !== change.rule) return false;
  if (endpoint !== undefined && bare(endpoint) !== endpointOf(change.place)) return false;
  return pointer === undefined || change.pointer === pointer || change.pointer.startsWith(`${pointer}/`);
}

const bare = (endpoint: string) => endpoint.replaceAll(/\{[^}]*\}/g, '{}');
const endpointOf = (place: Place) => (place.kind === 'endpoint' ? place.endpoint : undefined);

/** The word of `words` with the fewest edits between. */
export function nearest(word: string, words: Iterable<string>): string {
  let best = { word: '', distance: Number.POSITIVE_INFINITY };
  for (const one of words) {
    const distance = edits(word, one);
    if (distance < best.distance) best = { word: one, distance };
  }
  return best.word;
}

function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
