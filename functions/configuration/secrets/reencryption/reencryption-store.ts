import { z } from 'zod';
import { Conflict, NotFound } from '#platform/errors.ts';
import { absent } from '#platform/records.ts';
import { type RecordChange, recordChanger } from '#platform/workflow-record.ts';
import { keys, readItem, writeItem } from '../../store.ts';
import { isOver, ReencryptionId, ReencryptionRecord } from './records.ts';

const Turn = z.object({ id: ReencryptionId });

export const findReencryption = (id: string): Promise<ReencryptionRecord | undefined> =>
  readItem(ReencryptionRecord, keys.reencryption(id));

/** Throws NotFound when there is none with this id. */
export async function readReencryption(id: string): Promise<ReencryptionRecord> {
  const record = await findReencryption(id);
  if (record !== undefined) return record;
  throw new NotFound(`There is no re-encryption ${id}`, {
    evidence: { id },
    action: 'Show the last one with `theseus config secret reencryption`.',
  });
}

/** The one that runs, or ran last. */
export async function lastReencryption(): Promise<ReencryptionRecord | undefined> {
  const turn = await readItem(Turn, keys.reencryptionTurn());
  return turn && findReencryption(turn.id);
}

export type Change = RecordChange<ReencryptionRecord>;

/** Changes the record (see recordChanger). Throws RecordContended, NotFound. */
export const changeReencryption = /* @__PURE__ */ recordChanger<ReencryptionRecord>({
  noun: 'Re-encryption',
  read: readReencryption,
  write: (record, condition) => writeItem(keys.reencryption(record.id), record, condition),
});

/**
 * Stores a new one and gives it the turn: one walks at a time. The same one a second time finds the first. Throws
 * Conflict, naming the one that runs.
 */
export async function createReencryption(record: ReencryptionRecord): Promise<ReencryptionRecord> {
  const turn = await readItem(Turn, keys.reencryptionTurn());
  if (turn !== undefined && turn.id !== record.id) {
    const former = await findReencryption(turn.id);
    if (former !== undefined && !isOver(former)) throw taken(turn.id);
  }
  const mine = await writeItem(
    keys.reencryptionTurn(),
    { id: record.id },
    turn === undefined ? absent : { expression: 'id = :id', values: { ':id': turn.id } },
  );
  if (!mine) throw taken((await readItem(Turn, keys.reencryptionTurn()))?.id ?? 'another');
  // A turn without a record is somebody's who was cut off here: the next one takes it.
  await writeItem(keys.reencryption(record.id), record, absent);
  return readReencryption(record.id);
}

const taken = (id: string): Conflict =>
  new Conflict(`The re-encryption ${id} runs`, {
    evidence: { running: id },
    action: `Wait for its end, or cancel it: theseus config secret reencryption cancel ${id}`,
  });
