import { createHash } from 'node:crypto';
import { clock } from '#platform/clock.ts';
import { Conflict } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import type { RequestTools } from '#platform/route.ts';
import { executionOf, startNamed } from './execution.ts';
import { isOver, type ReencryptionRecord } from './records.ts';
import { changeReencryption, createReencryption } from './reencryption-store.ts';
import type { NewReencryption } from './schemas.ts';

/** Made from the Idempotency-Key: a run that takes a request over finishes the first one's. */
function idOf({ caller, idempotencyKey }: Pick<RequestTools, 'caller' | 'idempotencyKey'>): string {
  if (idempotencyKey === undefined) return newId('ren');
  const hash = createHash('sha256').update(`${caller.subject.length}:${caller.subject}${idempotencyKey}`);
  return `ren_${hash.digest('hex').slice(0, 20)}`;
}

/** Begins to seal all secrets anew. Throws Conflict while another one does. */
export async function startReencryption(
  { scope, why }: NewReencryption,
  tools: Pick<RequestTools, 'caller' | 'idempotencyKey'>,
): Promise<ReencryptionRecord> {
  const [id, at] = [idOf(tools), clock.iso()];
  const record = await createReencryption({
    schemaVersion: 1,
    id,
    revision: 1,
    scope,
    why,
    createdBy: tools.caller.subject,
    createdAt: at,
    updatedAt: at,
    endedAt: null,
    status: 'running',
    total: null,
    done: 0,
    resealed: 0,
    failed: 0,
    failures: [],
    after: null,
    cancel: null,
    execution: executionOf(id, 1, at),
    deaths: 0,
    failure: null,
    outbox: [],
    nextSequence: 0,
  });
  if (!isOver(record)) await startNamed(record);
  return record;
}

/** Asks it to stop after what it does now; what is sealed anew stays so. Throws Conflict when it is over. */
export const cancelReencryption = (id: string, by: string): Promise<ReencryptionRecord> =>
  changeReencryption(id, (record) => {
    if (isOver(record)) {
      throw new Conflict(`${id} is ${record.status}`, {
        evidence: { id, status: record.status },
        action: 'It is over: nothing is left to decide.',
      });
    }
    return record.cancel === null ? { set: { cancel: { by, at: clock.iso() } } } : undefined;
  });
