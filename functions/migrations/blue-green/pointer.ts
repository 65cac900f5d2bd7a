import { RecordContended } from '#platform/errors.ts';
import { findDatabase } from '../databases/databases.ts';
import { keys, writeItem } from '../store.ts';

const attempts = 5;

/** Says where clients of a database are to go: to another one, or (null) to itself. Throws RecordContended. */
export async function pointClients(
  databaseId: string,
  servedBy: { id: string; name: string } | null,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = await findDatabase(databaseId);
    if ((record.servedBy?.id ?? null) === (servedBy?.id ?? null)) return;
    const changed = { ...record, servedBy, version: record.version + 1 };
    const written = await writeItem(keys.database(record.id), changed, {
      expression: '#version = :version',
      names: { '#version': 'version' },
      values: { ':version': record.version },
    });
    if (written) return;
  }
  throw new RecordContended(`Database ${databaseId} was written by others at the same moment`, {
    evidence: { database: databaseId },
    action: 'Repeat the request.',
  });
}
