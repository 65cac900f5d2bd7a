import { publishUpdate } from '../events.ts';
import type { UpdateRecord } from '../records.ts';
import { type Notice, tell } from './deliver.ts';

/** Tells everybody at once that what an update wrote is in force, or what took it back; what fails is sent again later. */
export async function tellServices(
  record: UpdateRecord,
  kind: Extract<Notice['kind'], 'updated' | 'rolled_back'>,
) {
  const changes = record.changes.flatMap(({ key, after, restored }) => {
    const version = kind === 'updated' ? after : restored;
    return version === null ? [] : [{ key, version }];
  });
  await publishUpdate(record);
  if (changes.length === 0) return;
  await Promise.all(
    record.services.map(({ service }) =>
      tell({ id: `${record.id}~${kind}~${service}`, kind, update: record.id, service, changes }),
    ),
  );
}
