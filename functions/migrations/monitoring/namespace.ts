import { DatabaseRecord, type MigrationRecord } from '../records.ts';
import { keys, readItem } from '../store.ts';

/**
 * Names what a migration works in as `<database>.<schema>`, by the database's own name where it was ever seen. Each
 * database is read once.
 */
export function namespaceReader(): (
  record: Pick<MigrationRecord, 'databaseId' | 'databaseName' | 'schema'>,
) => Promise<string> {
  const known = new Map<string, string>();
  return async ({ databaseId, databaseName, schema }) => {
    const name =
      known.get(databaseId) ??
      (await readItem(DatabaseRecord, keys.database(databaseId)))?.facts?.database ??
      databaseName;
    known.set(databaseId, name);
    return `${name}.${schema}`;
  };
}
