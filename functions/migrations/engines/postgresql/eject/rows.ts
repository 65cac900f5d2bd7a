import pg from 'pg';
import type { Backfill, Verification } from '../../../plan/schemas.ts';
import { quoteLiteral } from '../../../sql/identifiers.ts';
import { type Key, keyList, keyListDescending, relation } from '../keyset.ts';

const { escapeIdentifier: quote } = pg;

/** Rows a chunk; a person who watches a script has no probe that would find a better number. */
const chunkRows = 1_000;

/** Fills the rows nobody has written, chunk by chunk, each committed on its own: run again it goes on. */
export function backfillBlock(backfill: Backfill): string {
  const set = backfill.set.map(
    ({ column, type, expression }) => `${quote(column)} = CAST((${expression}) AS ${type})`,
  );
  return chunked(backfill, set, `(${backfill.unwritten})`);
}

/** Derives wrong rows again from their old form, then refuses to go on while one is left. */
export function verificationBlock(
  verification: Verification,
  stage: 'beforePublish' | 'afterPublish',
): string {
  const wrong = `(${verification[stage]}) IS NOT TRUE`;
  const set = verification.repair.map(({ column, expression }) => `${quote(column)} = ${expression}`);
  const repair = set.length === 0 ? [] : [chunked(verification, set, wrong)];
  const table = relation(verification.table);
  return [
    ...repair,
    block(`DECLARE _theseus_wrong bigint;
BEGIN
  SELECT count(*) INTO _theseus_wrong FROM ${table} WHERE ${wrong};
  IF _theseus_wrong > 0 THEN
    RAISE EXCEPTION '% rows of ${quotedInside(table)} are wrong', _theseus_wrong
      USING HINT = ${quoteLiteral(`Look at them: SELECT * FROM ${table} WHERE ${wrong}`)};
  END IF;
END`),
  ].join('\n');
}

/** An anonymous block, dollar-quoted by a tag its text does not hold. */
export function block(body: string): string {
  let tag = '$theseus$';
  for (let at = 0; body.includes(tag); at += 1) tag = `$theseus_${at}$`;
  return `DO ${tag}\n${body}\n${tag};`;
}

/** Text for a format string in quotes. */
const quotedInside = (text: string) => text.replaceAll("'", "''").replaceAll('%', '%%');

/** One row's key, in the order of its index. */
const row = (parts: string[]) => (parts.length === 1 ? parts.join() : `(${parts.join(', ')})`);

function chunked(work: { table: Backfill['table']; key: Key }, set: string[], which: string): string {
  const { key } = work;
  const table = relation(work.table);
  const columns = row(key.map(({ column }) => quote(column)));
  const variables = (side: string) => key.map((_, at) => `_theseus_${side}_${at}`);
  const from = variables('from');
  const to = variables('to');
  const declared = key.flatMap(({ type }, at) => [
    `_theseus_from_${at} ${type};`,
    `_theseus_to_${at} ${type};`,
  ]);
  return `${seeKeyTypes(key)}
SET theseus.worker = 'backfill';
${block(`#variable_conflict use_column
DECLARE ${declared.join(' ')}
BEGIN
  SELECT ${keyList(key)} INTO ${from.join(', ')} FROM ${table} ORDER BY ${keyList(key)} LIMIT 1;
  WHILE FOUND LOOP
    SELECT ${keyList(key)} INTO ${to.join(', ')} FROM (
      SELECT ${keyList(key)} FROM ${table} WHERE ${columns} >= ${row(from)} ORDER BY ${keyList(key)} LIMIT ${chunkRows}
    ) AS page ORDER BY ${keyListDescending(key)} LIMIT 1;
    UPDATE ${table} SET ${set.join(', ')}
      WHERE ${columns} >= ${row(from)} AND ${columns} <= ${row(to)} AND ${which};
    COMMIT;
    SELECT ${keyList(key)} INTO ${from.join(', ')} FROM ${table} WHERE ${columns} > ${row(to)}
      ORDER BY ${keyList(key)} LIMIT 1;
  END LOOP;
END`)}
RESET theseus.worker;`;
}

/** The operators of the key's own types may live in a schema of their own, as an extension's do. */
function seeKeyTypes(key: Key): string {
  const types = key.map(({ type }) => quoteLiteral(type)).join(', ');
  return `SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', pg_catalog.current_setting('search_path'), (
  SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ')
  FROM pg_catalog.unnest(ARRAY[${types}]::text[]) AS named(type)
  JOIN pg_catalog.pg_type t ON t.oid = named.type::regtype JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname <> 'pg_catalog')), false) \\gset _theseus_`;
}
