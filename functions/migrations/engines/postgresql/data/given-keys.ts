import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Load } from '../../../plan/schemas.ts';
import type { Session } from '../connection.ts';

const { escapeIdentifier: quote } = pg;
/** Forgotten at a time. */
const CHUNK_KEYS = 20_000;

// A source whose rows are made outside of its database, or that is read in part, cannot be asked whether it gives a row
// of the target. So the keys of the rows that a load gives are kept, each as a hash: those of an incremental file from
// run to run, those of any other as long as its migration can be taken back. What is not among them is somebody else's.

/** Whose keys they are, as a UUID; undefined: they are not kept. */
export function ownerOf({ remembered, watermark }: Load, migration: string): string | undefined {
  if (remembered === undefined) return undefined;
  const whose = JSON.stringify([watermark === null ? migration : null, remembered]);
  return createHash('md5').update(whose).digest('hex');
}

/** The hash of a key whose columns are these texts. */
const hashOf = (texts: string): string => `md5(${texts}::text)::uuid`;
export const hashOfColumns = (texts: string[]): string => hashOf(`ARRAY[${texts.join(', ')}]`);
/** Of a key as the notes have it: a JSON array of texts. */
const hashOfNoted = (json: string): string => hashOf(`ARRAY(SELECT jsonb_array_elements_text(${json}))`);

/** A part of the write statement, after `input` and `twice`. In one order, because ranges side by side may give one key. */
export function rememberKeys(load: Load, migration: string): string {
  const owner = ownerOf(load, migration);
  if (owner === undefined) return '';
  const key = hashOfColumns(load.toKey.map(({ column, type }) => `i.${quote(column)}::${type}::text`));
  return `, given AS (
  INSERT INTO theseus.given (owner, key)
  SELECT '${owner}', ${key} AS hash FROM input AS i WHERE NOT EXISTS (SELECT FROM twice) ORDER BY hash
  ON CONFLICT DO NOTHING
)`;
}

/** A part of the statement that takes a chunk back: its inserted rows are nobody's any more. */
export function forgetInserted(load: Load, migration: string): string {
  const owner = ownerOf(load, migration);
  if (owner === undefined) return '';
  return `, forgotten AS (
  DELETE FROM theseus.given WHERE owner = '${owner}' AND key IN (
    SELECT ${hashOfNoted('each.value')} FROM chunk, jsonb_array_elements(chunk.inserted) AS each(value))
)`;
}

/** Forgets the keys that loads gave to this migration alone. May be cut off anywhere. */
export async function forgetKeys(session: Session, loads: Load[], migration: string): Promise<void> {
  const owners = loads
    .filter(({ watermark }) => watermark === null)
    .flatMap((load) => ownerOf(load, migration) ?? []);
  for (const owner of new Set(owners)) {
    let forgotten = CHUNK_KEYS;
    while (forgotten === CHUNK_KEYS) {
      const { rowCount } = await session.query(
        `DELETE FROM theseus.given WHERE owner = $1
           AND key IN (SELECT key FROM theseus.given WHERE owner = $1 LIMIT ${CHUNK_KEYS})`,
        [owner],
      );
      forgotten = rowCount ?? 0;
    }
  }
}
