import { createHash } from 'node:crypto';
import { clock } from '#platform/clock.ts';
import { RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent } from '#platform/records.ts';
import { UpdateInProgress } from '../errors.ts';
import type { ConfigurationKey } from '../schemas.ts';
import { keys, readItem, writeItem } from '../store.ts';
import { ahead, freedBy, mostOpen } from './queue.ts';
import { SlotsRecord, type UpdateRecord } from './records.ts';

const attempts = 12;

/** The slot of a key in one layer: two that fall together by chance only wait for each other. */
export function slotOf({ namespace, key, service, environment, tenant }: ConfigurationKey): string {
  const text = JSON.stringify([namespace, key, service ?? null, environment ?? null, tenant ?? null]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

const empty: SlotsRecord = { revision: 0, entries: [] };

export const readSlots = async (): Promise<SlotsRecord> =>
  (await readItem(SlotsRecord, keys.updateSlots())) ?? empty;

async function changeSlots(
  decide: (now: SlotsRecord) => SlotsRecord['entries'] | undefined,
): Promise<{ before: SlotsRecord; after: SlotsRecord }> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const before = await readSlots();
    const entries = decide(before);
    if (entries === undefined) return { before, after: before };
    const after = { entries, revision: before.revision + 1 };
    const condition =
      before.revision === 0
        ? absent
        : { expression: 'revision = :revision', values: { ':revision': before.revision } };
    if (await writeItem(keys.updateSlots(), after, condition)) return { before, after };
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`The queue of updates was written by others ${attempts} times in a row`, {
    action: 'Repeat the request.',
  });
}

/**
 * Asks for the keys of an update; what was asked before stays. Throws UpdateInProgress when it is not to wait and another
 * has one of them, or when too many are open.
 */
export async function takeSlots({
  id,
  changes,
  whenBusy,
}: Pick<UpdateRecord, 'id' | 'changes' | 'whenBusy'>): Promise<SlotsRecord> {
  const own = [...new Set(changes.map(({ key }) => slotOf(key)))];
  const { after } = await changeSlots(({ entries }) => {
    if (entries.some((entry) => entry.id === id)) return undefined;
    const before = ahead(entries, id, own);
    if (whenBusy === 'refuse' && before.length > 0) {
      throw new UpdateInProgress(`${before[0]} changes one of these keys`, {
        evidence: { expected: 'nobody', found: before.slice(0, 10) },
        action: `Wait for it (theseus config update show ${before[0]}), or send whenBusy: wait.`,
      });
    }
    if (entries.length >= mostOpen) {
      throw new UpdateInProgress(`${entries.length} updates are open already`, {
        evidence: { expected: `fewer than ${mostOpen}`, found: entries.length },
        action: 'Wait until some have ended: theseus config update list',
      });
    }
    return [...entries, { id, keys: own }];
  });
  return after;
}

/** Gives up the keys of an update, or its place among those that wait. Returns who may act now and could not before. */
export async function freeSlots(id: string): Promise<string[]> {
  const { before } = await changeSlots(({ entries }) =>
    entries.some((entry) => entry.id === id) ? entries.filter((entry) => entry.id !== id) : undefined,
  );
  return freedBy(before.entries, id);
}
