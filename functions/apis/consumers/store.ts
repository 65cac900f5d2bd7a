import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { clock } from '#platform/clock.ts';
import { NotFound, RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { deleteItem, keys, readItem, readPage, writeItem } from '../store.ts';
import { type Consumer, Contacts, type NewConsumer } from './schemas.ts';

const contentionAttempts = 12;

/** Who uses APIs, as the header of requests names it. */
export const ConsumerRecord = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  revision: z.int(),
  name: z.string(),
  contacts: Contacts,
  /** For people: what counts are the pins of each API's record. */
  pins: z.record(z.string(), ApiVersion),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ConsumerRecord = z.infer<typeof ConsumerRecord>;

export const findConsumer = (id: string): Promise<ConsumerRecord | undefined> =>
  readItem(ConsumerRecord, keys.consumer(id));

/** Throws NotFound. */
export async function readConsumer(id: string): Promise<ConsumerRecord> {
  const found = await findConsumer(id);
  if (found !== undefined) return found;
  throw new NotFound(`There is no consumer ${id}`, {
    evidence: { consumer: id },
    action: `Register it with \`theseus api consumer set ${id}\`.`,
  });
}

/** A page of the consumers, by id. */
export const listConsumers = (limit: number, from: Place | undefined): Promise<ItemPage<ConsumerRecord>> =>
  readPage(ConsumerRecord, { pk: keys.consumer('').pk, limit, from });

/** Reads, decides, writes on the condition that nobody wrote between. Throws RecordContended, and what `decide` throws. */
async function changeConsumer(
  id: string,
  decide: (found: ConsumerRecord | undefined) => ConsumerRecord,
): Promise<ConsumerRecord> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const found = await findConsumer(id);
    const next = { ...decide(found), revision: (found?.revision ?? 0) + 1, updatedAt: clock.iso() };
    const condition =
      found === undefined
        ? absent
        : { expression: 'revision = :revision', values: { ':revision': found.revision } };
    if (await writeItem(keys.consumer(id), next, condition)) return next;
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`The consumer ${id} was written by others ${contentionAttempts} times in a row`, {
    evidence: { consumer: id },
    action: 'Repeat the request.',
  });
}

/** Sets who a consumer is and where it is told; its pins stay. */
export const setConsumer = (id: string, { name, contacts }: NewConsumer): Promise<ConsumerRecord> =>
  changeConsumer(id, (found) => {
    const at = clock.iso();
    const kept = found ?? { schemaVersion: 1, id, revision: 0, pins: {}, createdAt: at, updatedAt: at };
    return { ...kept, name, contacts };
  });

/** Enters at the consumer what an API's record says of it: pinned to a version, or no more (null). Throws NotFound. */
export async function notePin(id: string, api: string, version: string | null): Promise<void> {
  const { pins } = await readConsumer(id);
  if ((Object.hasOwn(pins, api) ? pins[api] : null) === version) return;
  await changeConsumer(id, (found) => {
    if (found === undefined) {
      throw new NotFound(`The consumer ${id} was removed in this moment`, {
        evidence: { consumer: id },
        action: 'Nothing: its pins go with it.',
      });
    }
    const { [api]: _former, ...others } = found.pins;
    return { ...found, pins: version === null ? others : { ...others, [api]: version } };
  });
}

export const forgetConsumer = (id: string): Promise<boolean> => deleteItem(keys.consumer(id));

export const consumerView = ({
  schemaVersion: _schema,
  revision: _revision,
  ...shown
}: ConsumerRecord): Consumer => shown;
