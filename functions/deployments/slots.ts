import { clock } from '#platform/clock.ts';
import { RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent } from '#platform/records.ts';
import { SlotTaken } from './errors.ts';
import { SlotRecord } from './records.ts';
import type { NewDeployment } from './schemas.ts';
import { keys, readItem, writeItem } from './store.ts';

// One deployment at a time for a service and target; the others wait in the order in which they came.

const mostWaiting = 50;
const attempts = 12;

/** What a deployment works on: two of them with the same slot never act at the same time. */
export function slotOf({ service, target }: Pick<NewDeployment, 'service' | 'target'>): string {
  switch (target.kind) {
    case 'http':
      return `${service}#http`;
    case 'lambda-alias':
      return `${service}#lambda-alias#${target.functionName}#${target.alias}`;
    case 'alb':
      return `${service}#alb#${target.listenerOrRuleArn}`;
    case 'ecs':
      return `${service}#ecs#${target.cluster}#${target.listenerOrRuleArn}`;
  }
}

const free: SlotRecord = { revision: 0, holder: null, queue: [] };

export const readSlot = async (slot: string): Promise<SlotRecord> =>
  (await readItem(SlotRecord, keys.slot(slot))) ?? free;

/** Who comes before this deployment: the holder, then those who wait longer. */
export function ahead({ holder, queue }: SlotRecord, id: string): string[] {
  if (holder === id) return [];
  const at = queue.indexOf(id);
  return [...(holder === null ? [] : [holder]), ...(at < 0 ? queue : queue.slice(0, at))];
}

async function changeSlot(
  slot: string,
  decide: (now: SlotRecord) => SlotRecord | undefined,
): Promise<SlotRecord> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const now = await readSlot(slot);
    const next = decide(now);
    if (next === undefined) return now;
    const condition =
      now.revision === 0
        ? absent
        : { expression: 'revision = :revision', values: { ':revision': now.revision } };
    const changed = { ...next, revision: now.revision + 1 };
    if (await writeItem(keys.slot(slot), changed, condition)) return changed;
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`The queue of ${slot} was written by others ${attempts} times in a row`, {
    evidence: { slot },
    action: 'Repeat the request.',
  });
}

/**
 * Takes the slot, or a place in its queue; what was taken before stays. Throws SlotTaken when it is not to wait, or too
 * many do.
 */
export function takeSlot(slot: string, id: string, whenBusy: NewDeployment['whenBusy']): Promise<SlotRecord> {
  return changeSlot(slot, (now) => {
    if (now.holder === id || now.queue.includes(id)) return undefined;
    if (now.holder === null) return { ...now, holder: id };
    if (whenBusy === 'queue' && now.queue.length < mostWaiting) return { ...now, queue: [...now.queue, id] };
    throw new SlotTaken(
      whenBusy === 'queue'
        ? `${now.queue.length} deployments wait already`
        : `Deployment ${now.holder} runs for this service and target`,
      {
        evidence: { holder: now.holder, waiting: now.queue, expected: 'nobody' },
        action: `Wait for it, abort it (theseus deployment abort ${now.holder}), or send whenBusy: queue.`,
      },
    );
  });
}

/** Lets go of the slot, or of a place in its queue; the next in it has it then. Returns who that is. */
export async function freeSlot(slot: string, id: string): Promise<string | null> {
  const now = await changeSlot(slot, ({ holder, queue, revision }) => {
    if (holder === id) return { holder: queue[0] ?? null, queue: queue.slice(1), revision };
    return queue.includes(id) ? { holder, queue: queue.filter((one) => one !== id), revision } : undefined;
  });
  return now.holder;
}
