import { z } from 'zod';
import { UndoClass } from '../plan/schemas.ts';
import type { SchemaVersion } from './schemas.ts';

/** A migration on the way from one version to another. */
export const PathStep = z.strictObject({
  migration: z.string(),
  name: z.string(),
  fileName: z.string(),
  undo: UndoClass.describe('What undoing it would keep of the data'),
});
export type PathStep = z.infer<typeof PathStep>;

export const SchemaPath = z
  .strictObject({
    from: z.int(),
    to: z.int(),
    direction: z.enum(['none', 'up', 'down']).describe('Migrations to run, or to undo, in this order'),
    steps: z.array(PathStep),
  })
  .meta({ id: 'SchemaPath' });
export type SchemaPath = z.infer<typeof SchemaPath>;

/** What is known of a migration that brought a version. */
export interface KnownMigration extends PathStep {
  /** Why it cannot be undone any more, or null. */
  standsForGood: string | null;
}
type Version = Pick<SchemaVersion, 'number' | 'hash' | 'source'>;
export type PathFound = { path: SchemaPath } | { reason: string; version: number };

/**
 * The migrations that lead from one version to another, or why none do. `versions` are those between the two, both
 * included, oldest first.
 */
export function pathBetween(
  versions: readonly Version[],
  from: number,
  to: number,
  known: ReadonlyMap<string, KnownMigration>,
): PathFound {
  const [lowest, ...later] = versions;
  const standing: string[] = [];
  let hash = lowest?.hash;
  for (const { number, source, hash: next } of later) {
    const same = next === hash;
    hash = next;
    if (source.kind !== 'migration') {
      if (same) continue;
      const how = source.kind === 'drift_accepted' ? 'changed by hand and accepted' : 'taken as it was';
      return { version: number, reason: `Version ${number} was ${how}: no migration leads there` };
    }
    if (source.outcome === 'completed') standing.push(source.migration);
    if (source.outcome !== 'undone') continue;
    const at = standing.lastIndexOf(source.migration);
    if (at < 0) {
      const reason = `Version ${number} undid ${source.name}, which was there before version ${Math.min(from, to)}`;
      return { version: number, reason };
    }
    standing.splice(at, 1);
  }
  const down = to < from;
  const steps: PathStep[] = [];
  for (const id of down ? standing.reverse() : standing) {
    const found = known.get(id);
    if (found === undefined) return { version: from, reason: `The migration ${id} is not known any more` };
    const { standsForGood, ...step } = found;
    if (down && standsForGood !== null)
      return { version: from, reason: `${step.name} (${id}) cannot be undone: ${standsForGood}` };
    steps.push(step);
  }
  return { path: { from, to, direction: steps.length === 0 ? 'none' : down ? 'down' : 'up', steps } };
}
