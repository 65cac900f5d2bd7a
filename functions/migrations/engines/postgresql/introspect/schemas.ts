import type { Session } from '../connection.ts';
import { usesControlSchema } from '../control-schema.ts';

/** Schemas that a migration may be about: not the server's, not Theseus's own, and no version's views. */
const candidates = `
SELECT nspname::text AS name FROM pg_namespace n
WHERE nspname LIKE $1 AND nspname > $2 COLLATE "C" AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'theseus')`;

/** The user's schemas whose names fit a LIKE pattern, in the order of their bytes, after this name. */
export async function listSchemas(
  session: Session,
  like: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const versions = (await usesControlSchema(session))
    ? 'AND NOT EXISTS (SELECT FROM theseus.versions v WHERE v.version = n.nspname)'
    : '';
  const { rows } = await session.query<{ name: string }>(
    `${candidates} ${versions} ORDER BY nspname COLLATE "C" LIMIT $3`,
    [like, after, limit],
  );
  return rows.map(({ name }) => name);
}
