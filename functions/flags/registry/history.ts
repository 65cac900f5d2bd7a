import { z } from 'zod';
import { NotFound } from '#platform/errors.ts';
import { Flag } from '../authoring/flag.ts';
import { keys, readItem, readPage, writeItem } from '../store.ts';
import type { Flags } from './snapshot.ts';

// Versions of a flag. Each is written before the environment says that it counts, names the one before it, and is never
// written again: what counts is the chain from the newest one back. What was cut off between is in no chain.

export const FlagAction = z.enum(['created', 'changed', 'rolled_back', 'imported', 'deleted']);
export type FlagAction = z.infer<typeof FlagAction>;

export const FlagVersion = z.object({
  version: z.int(),
  change: z.string(),
  /** The change that made the version before; null: there was none. */
  previous: z.string().nullable(),
  action: FlagAction,
  at: z.string(),
  by: z.string(),
  why: z.string(),
  /** The id that the caller gave the change. */
  request: z.string().nullable(),
  /** Null: deleted. */
  flag: Flag.nullable(),
});
export type FlagVersion = z.infer<typeof FlagVersion>;

export const writeVersion = (environment: string, flag: string, version: FlagVersion): Promise<boolean> =>
  writeItem(keys.version(environment, flag, version.version, version.change), version);

/** Where the history of a flag begins: its newest version. Throws NotFound when there never was one. */
function headOf(environment: string, flag: string, { flags, deleted }: Flags) {
  const head = flags.get(flag) ?? deleted.get(flag);
  if (head !== undefined) return { version: head.version, change: head.change };
  throw new NotFound(`There is no flag ${flag} in ${environment}, and there never was`, {
    evidence: { environment, flag },
    action: `List them with \`theseus flag list --environment ${environment}\`.`,
  });
}

/** Versions looked through for one of a chain: others are what was cut off. */
const pageSize = 100;

/**
 * At most `limit` versions of a flag, newest first, from below `before` on. Throws NotFound when there never was one.
 */
export async function readHistory(
  environment: string,
  flag: string,
  flags: Flags,
  { limit, before }: { limit: number; before?: number | undefined },
): Promise<FlagVersion[]> {
  const head = headOf(environment, flag, flags);
  const found: FlagVersion[] = [];
  let wanted: string | null = head.change;
  let from: Record<string, string> | undefined;
  while (wanted !== null && found.length < limit) {
    const { pk } = keys.version(environment, flag, 0, '');
    const page: { items: FlagVersion[]; next: Record<string, string> | undefined } = await readPage(
      FlagVersion,
      {
        pk,
        prefix: 'VERSION#',
        limit: pageSize,
        newestFirst: true,
        from,
      },
    );
    for (const item of page.items) {
      if (item.change !== wanted) continue;
      wanted = item.previous;
      if (before === undefined || item.version < before) found.push(item);
      if (found.length === limit) break;
    }
    from = page.next;
    if (from === undefined) break;
  }
  return found;
}

/** One version of a flag. Throws NotFound. */
export async function readVersion(
  environment: string,
  flag: string,
  flags: Flags,
  version: number,
): Promise<FlagVersion> {
  const head = headOf(environment, flag, flags);
  if (version === head.version) {
    const newest = await readItem(FlagVersion, keys.version(environment, flag, head.version, head.change));
    if (newest !== undefined) return newest;
  }
  const [found] = await readHistory(environment, flag, flags, { limit: 1, before: version + 1 });
  if (found?.version === version) return found;
  throw new NotFound(`${flag} has no version ${version} in ${environment}`, {
    evidence: { environment, flag, version, newest: head.version },
    action: `See which there are: theseus flag history ${flag} --environment ${environment}`,
  });
}
