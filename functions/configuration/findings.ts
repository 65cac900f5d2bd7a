import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { sendEvents } from '#platform/event-log.ts';
import type { ItemKey } from '#platform/records.ts';
import { eventSource } from './events.ts';
import { deleteItem, readAll, writeItem } from './store.ts';

// What a look at everything finds wrong: kept until a later look does not find it any more, and told once when it appears
// and once when it is gone.

/** Most that is kept of one kind; what is beyond is seen when some of it is gone. */
export const mostFindings = 1_000;

const FindingRecord = z.strictObject({
  id: z.string(),
  since: z.iso.datetime(),
  /** Whether the event of its appearance was sent. */
  told: z.boolean(),
  what: z.json(),
});

/** A kind of finding: where it is kept, what it is, and how events call its coming and going. */
export interface FindingKind<T extends z.ZodType> {
  key: (id: string) => ItemKey;
  schema: T;
  appeared: string;
  gone: string;
}

/** What stands, with since when; at most 1,000. */
export async function readFindings<T extends z.ZodType>({
  key,
  schema,
}: Pick<FindingKind<T>, 'key' | 'schema'>): Promise<{ id: string; since: string; what: z.output<T> }[]> {
  const found = await readAll(FindingRecord, key('').pk, '');
  return found.map(({ id, since, what }) => ({ id, since, what: schema.parse(what) }));
}

async function tell(type: string, id: string, what: z.core.util.JSONType): Promise<void> {
  await sendEvents(eventSource, [{ sequence: 0, at: clock.iso(), type, actor: 'theseus', data: { what } }], {
    finding: id,
  });
}

/**
 * Brings what is kept up to what a look found, by id. Cut off between, the next look goes on: an event may then be sent
 * twice, by the same id, and none is lost. Returns how many appeared and how many are gone.
 */
export async function settleFindings<T extends z.ZodType>(
  { key, appeared, gone }: FindingKind<T>,
  found: ReadonlyMap<string, z.core.util.JSONType>,
): Promise<{ appeared: number; gone: number }> {
  const stored = new Map((await readAll(FindingRecord, key('').pk, '')).map((one) => [one.id, one]));
  const counts = { appeared: 0, gone: 0 };
  for (const [id, what] of [...found].slice(0, mostFindings)) {
    const former = stored.get(id);
    const since = former?.since ?? clock.iso();
    if (former === undefined || JSON.stringify(former.what) !== JSON.stringify(what))
      await writeItem(key(id), { id, since, told: former?.told ?? false, what });
    if (former?.told) continue;
    counts.appeared += 1;
    await tell(appeared, id, what);
    await writeItem(key(id), { id, since, told: true, what });
  }
  for (const [id, { what }] of stored) {
    if (found.has(id)) continue;
    counts.gone += 1;
    await tell(gone, id, what);
    await deleteItem(key(id));
  }
  return counts;
}
