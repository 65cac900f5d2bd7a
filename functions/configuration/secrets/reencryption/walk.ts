import { clock } from '#platform/clock.ts';
import { readSecrets } from '../registry.ts';
import { type Acting, changeActing } from './execution.ts';
import { isOver, type ReencryptionRecord } from './records.ts';
import type { Change } from './reencryption-store.ts';
import { type Resealed, resealValue } from './reseal.ts';

/** Values whose secrets are sealed at once: KMS answers each in some ms, and the place is written down after them. */
const batch = 10;
/** Batches of one invocation. */
const mostBatches = 100;
/** Failures that are kept by name. */
const mostNamed = 20;

/** How many values hold or held secrets. */
async function countSecrets(): Promise<number> {
  let [count, after] = [0, null as string | null];
  do {
    const page = await readSecrets(after, 1_000);
    count += page.identities.length;
    after = page.next;
  } while (after !== null);
  return count;
}

const ended = (status: ReencryptionRecord['status']) => ({ status, endedAt: clock.iso() });

/** What is written down after a batch: how far it came, and the end where it is one. */
function afterBatch(record: ReencryptionRecord, results: readonly Resealed[], next: string | null): Change {
  const failures = results.flatMap((one) => one.failures);
  const failed = record.failed + failures.length;
  return {
    set: {
      done: record.done + results.length,
      resealed: record.resealed + results.reduce((sum, one) => sum + one.resealed, 0),
      failed,
      failures: [...record.failures, ...failures].slice(0, mostNamed),
      deaths: 0,
      ...(next === null ? ended(failed === 0 ? 'completed' : 'incomplete') : { after: next }),
    },
  };
}

/**
 * Goes on where the record says, until all is done, it is cancelled, or the time is over: then there is more. Where two
 * runs walk at once, what one sealed is not due for the other, and one of them counts.
 */
export async function walk(acting: Acting, signal: AbortSignal): Promise<{ more: boolean }> {
  let record = await changeActing(acting, () => undefined);
  if (record.total === null && !isOver(record)) {
    const total = await countSecrets();
    record = await changeActing(acting, (current) =>
      current.total === null ? { set: { total } } : undefined,
    );
  }
  for (let at = 0; at < mostBatches && !isOver(record) && !signal.aborted; at += 1) {
    if (record.cancel !== null) {
      record = await changeActing(acting, () => ({ set: ended('cancelled') }));
      break;
    }
    const { after, scope, createdAt } = record;
    const page = await readSecrets(after, batch);
    const results = await Promise.all(
      page.identities.map((identity) => resealValue(identity, { scope, since: createdAt })),
    );
    record = await changeActing(acting, (current) =>
      isOver(current) || current.after !== after ? undefined : afterBatch(current, results, page.next),
    );
  }
  return { more: !isOver(record) };
}
