import { z } from 'zod';
import { clock } from './clock.ts';
import { RecordContended } from './errors.ts';
import { jitteredBackoff } from './random.ts';
import type { Condition } from './records.ts';

// The record of a workflow is its truth: one item that is written under the condition that nobody wrote it since it was
// read, with what happened in the same item, so that neither can be there without the other.

/** What happened to a workflow's record, in the order of `sequence`. */
export const WorkflowEvent = z.strictObject({
  sequence: z.int(),
  at: z.iso.datetime(),
  type: z.string(),
  actor: z.string(),
  data: z.record(z.string(), z.json()),
});
export type WorkflowEvent = z.infer<typeof WorkflowEvent>;
export type NewEvent = Pick<WorkflowEvent, 'type' | 'actor'> & { data?: WorkflowEvent['data'] };

/** What the record of every workflow has. */
export interface WorkflowRecord {
  id: string;
  /** Of the record; every write demands the one it read. */
  revision: number;
  updatedAt: string;
  /** Events that were stored and not yet published. */
  outbox: WorkflowEvent[];
  nextSequence: number;
}

/** What a decision changes; events are stored in the same write. */
export interface RecordChange<R extends WorkflowRecord> {
  set: Partial<Omit<R, keyof WorkflowRecord>>;
  events?: NewEvent[];
  /** Events up to this sequence number were published: the record lets them go, and counts as unchanged. */
  publishedThrough?: number;
}

/** The events of a record after a change: those published are let go, new ones follow in order. */
export function nextEvents(
  record: Pick<WorkflowRecord, 'outbox' | 'nextSequence'>,
  { events = [], publishedThrough = -1 }: { events?: NewEvent[]; publishedThrough?: number },
): Pick<WorkflowRecord, 'outbox' | 'nextSequence'> {
  const at = clock.iso();
  const added = events.map(({ type, actor, data = {} }, index) => ({
    sequence: record.nextSequence + index,
    at,
    type,
    actor,
    data,
  }));
  return {
    outbox: [...record.outbox.filter(({ sequence }) => sequence > publishedThrough), ...added],
    nextSequence: record.nextSequence + added.length,
  };
}

/** The record after a change. */
export const recordAfter = <R extends WorkflowRecord>(record: R, change: RecordChange<R>): R => ({
  ...record,
  ...change.set,
  revision: record.revision + 1,
  updatedAt: change.publishedThrough === undefined ? clock.iso() : record.updatedAt,
  ...nextEvents(record, change),
});

const contentionAttempts = 12;

/** Where records of a kind are, and what is written beside their fields. */
export interface RecordPlace<R extends WorkflowRecord> {
  /** As in `Deployment dep_1`. */
  noun: string;
  /** Throws NotFound when there is none. */
  read: (id: string) => Promise<R>;
  /** The whole record with its index keys; false when the condition did not hold. */
  write: (record: R, condition: Condition) => Promise<boolean>;
}

/**
 * A function that changes records: it reads, decides, writes on the condition that nobody wrote between, and decides anew
 * when somebody did. `decide` returns undefined to change nothing and throws to refuse. Returns the record as it is then.
 * Throws RecordContended, NotFound.
 */
export const recordChanger =
  <R extends WorkflowRecord>({ noun, read, write }: RecordPlace<R>) =>
  async (id: string, decide: (record: R) => RecordChange<R> | undefined): Promise<R> => {
    for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
      const record = await read(id);
      const change = decide(record);
      if (change === undefined) return record;
      const changed = recordAfter(record, change);
      const unchanged = { expression: 'revision = :revision', values: { ':revision': record.revision } };
      if (await write(changed, unchanged)) return changed;
      await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
    }
    throw new RecordContended(`${noun} ${id} was written by others ${contentionAttempts} times in a row`, {
      evidence: { id },
      action: 'Repeat the request.',
    });
  };
