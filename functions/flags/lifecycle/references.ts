import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { useKeys } from '../experiments/keys.ts';
import { readAll, writeItem } from '../store.ts';
import type { FlagReferences } from './schemas.ts';

const Stored = z.object({ repository: z.string(), counts: z.array(z.tuple([z.string(), z.int()])) });

/** Keeps where a repository names flags, in place of what it said before. */
export async function keepReferences(
  environment: string,
  { repository, counts }: FlagReferences,
  by: string,
): Promise<void> {
  await writeItem(useKeys.references(environment, repository), {
    repository,
    counts: counts.map(({ flag, references }) => [flag, references]),
    at: clock.iso(),
    by,
  });
}

/** How often all repositories together name each flag; null where none reported. */
export async function readReferences(environment: string): Promise<ReadonlyMap<string, number> | null> {
  const found = await readAll(Stored, useKeys.references(environment, '').pk, '');
  if (found.length === 0) return null;
  const sums = new Map<string, number>();
  for (const [flag, references] of found.flatMap(({ counts }) => counts))
    sums.set(flag, (sums.get(flag) ?? 0) + references);
  return sums;
}
