import pg from 'pg';
import type { Load } from '../../../plan/schemas.ts';
import type { Page, RecordRange, Refused, RowSource, Transform } from '../../engine.ts';
import type { Open } from '../chunks.ts';
import type { Session } from '../connection.ts';
import { keyList, keyListDescending, keyText, relation, seeKeyTypes } from '../keyset.ts';
import { rowsAsJson } from './rows.ts';
import { type Condition, scopeOf, selectOf } from './scope.ts';
import { sourceSide } from './transformed.ts';

const { escapeIdentifier: quote } = pg;
/** Checksums read many rows at a time. */
const TIMEOUT_MS = 120_000;

/** Opens the source's side of a load. `transform` is called where the load's own transformation is no SQL. */
export async function openRowSource(open: Open, load: Load, transform: Transform | null): Promise<RowSource> {
  const session = await open('read', {
    schema: load.from.schema,
    readOnly: true,
    statementTimeoutMs: TIMEOUT_MS,
  });
  try {
    await seeKeyTypes(session, load.key);
  } catch (error) {
    await session.close();
    throw error;
  }
  return {
    page: (range, limit) =>
      transform === null
        ? sqlPage(session, load, range, limit)
        : recordPage(session, load, range, limit, transform),
    async keys(range, limit) {
      const scope = scopeOf(load, range);
      const { rows } = await session.query<{ key: string[] }>(
        `SELECT ${keyText(load.key)} AS key FROM ${relation(load.from)} WHERE ${scope.text}
         ORDER BY ${keyList(load.key)} LIMIT ${limit}`,
        scope.values,
      );
      return rows.map(({ key }) => key);
    },
    async record(range) {
      const scope = scopeOf(load, range);
      const { rows } = await session.query<{ record: string }>(
        `SELECT row_to_json(t)::text AS record FROM ${relation(load.from)} AS t WHERE ${scope.text} LIMIT 1`,
        scope.values,
      );
      return rows[0]?.record ?? null;
    },
    byTargetKey: (without) => sourceSide(session, load, without),
    async watermark() {
      if (load.watermark === null) return null;
      const { rows } = await session.query<{ value: string | null }>(
        `SELECT max(${quote(load.watermark.column)})::text AS value FROM ${relation(load.from)}`,
      );
      return rows[0]?.value ?? null;
    },
    close: () => session.close(),
  };
}

const pageOf = (load: Load, scope: Condition, limit: number): string =>
  `MATERIALIZED (SELECT * FROM ${relation(load.from)} WHERE ${scope.text} ORDER BY ${keyList(load.key)} LIMIT ${limit})`;

const placeOf = ({ key }: Load): string =>
  `(SELECT count(*) FROM source)::int AS seen,
   (SELECT ${keyText(key)} FROM source ORDER BY ${keyListDescending(key)} LIMIT 1) AS last`;

async function sqlPage(session: Session, load: Load, range: RecordRange, limit: number): Promise<Page> {
  const scope = scopeOf(load, range);
  const { rows } = await session.query<Omit<Page, 'refused'>>(
    `WITH source AS ${pageOf(load, scope, limit)}, result AS (${selectOf(load)})
     SELECT ${placeOf(load)}, ${rowsAsJson(load.columns, 'result')} AS rows`,
    scope.values,
  );
  return { seen: 0, last: null, rows: '[]', ...rows[0], refused: [] };
}

interface Taken {
  seen: number;
  last: string[] | null;
  records: { key: string[]; record: Record<string, unknown> }[];
}

/** Records leave the database, one by one through the transformation; what it refuses does not stop the others. */
async function recordPage(
  session: Session,
  load: Load,
  range: RecordRange,
  limit: number,
  transform: Transform,
): Promise<Page> {
  const scope = scopeOf(load, range);
  const texts = load.asText.map((column) => `s.${quote(column)}::text AS ${quote(column)}`).join(', ');
  const overlay = texts === '' ? '' : ` || (SELECT to_jsonb(line) FROM (SELECT ${texts}) AS line)`;
  const { rows } = await session.query<Taken>(
    `WITH source AS ${pageOf(load, scope, limit)}
     SELECT ${placeOf(load)}, coalesce((SELECT json_agg(json_build_object(
       'key', ${keyText(load.key)}, 'record', to_jsonb(s)${overlay})) FROM source AS s), '[]') AS records`,
    scope.values,
  );
  const { seen, last, records } = rows[0] ?? { seen: 0, last: null, records: [] };
  const refused: Refused[] = [];
  const given: Record<string, string | null>[] = [];
  for (const { key, record } of records) {
    const outcome = await transform(record);
    if ('error' in outcome) refused.push({ key, record: JSON.stringify(record), error: outcome.error });
    else given.push(...outcome.rows);
  }
  return { seen, last, rows: JSON.stringify(given), refused };
}
