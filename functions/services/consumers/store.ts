import { NotFound } from '#platform/errors.ts';
import type { ItemPage, Place } from '#platform/records.ts';
import { deleteItem, keys, readItem, readPage, writeItem } from '../store.ts';
import { ConsumerRecord } from './records.ts';

/** Throws NotFound. */
export async function readConsumer(service: string, consumer: string): Promise<ConsumerRecord> {
  const found = await readItem(ConsumerRecord, keys.consumer(service, consumer));
  if (found !== undefined) return found;
  throw new NotFound(`${consumer} is not known as a consumer of ${service}`, {
    evidence: { service, consumer },
    action: `Say what it uses with \`theseus service consumer set ${service} ${consumer}\`.`,
  });
}

export const listConsumers = (
  service: string,
  limit: number,
  from: Place | undefined,
): Promise<ItemPage<ConsumerRecord>> =>
  readPage(ConsumerRecord, { pk: keys.consumer(service, '').pk, prefix: 'CONSUMER#', limit, from });

export const writeConsumer = (record: ConsumerRecord): Promise<boolean> =>
  writeItem(keys.consumer(record.service, record.consumer), record);

export const forgetConsumer = (service: string, consumer: string): Promise<boolean> =>
  deleteItem(keys.consumer(service, consumer));
