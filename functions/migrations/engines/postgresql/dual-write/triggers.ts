import { qualified, quoteIdentifier, quoteLiteral } from '../../../sql/identifiers.ts';
import { shortHash } from '../short-hash.ts';
import { type ColumnFacts, differs } from './differs.ts';
import { functionBody, type LiveGroup, needsClientOnUpdate, watchedColumns } from './function.ts';

/** Sorts after every name that people give, so that the user's own triggers have had their say. */
export const triggerPrefix = '~theseus_';

/** How dates and times read inside the function, whoever calls it. */
export type Settings = Record<string, string>;

/** The function that tells the position of a client's version by the first schema of its path. */
export function clientFunction(schema: string): string {
  return qualified('theseus', `client_${shortHash(schema)}`);
}

function writeFunction(oid: number): string {
  return qualified('theseus', `write_${oid}`);
}

/**
 * The statements that make a table's function and triggers what its live groups (oldest first) demand, and remove
 * them when there are none. `standing` are the names of the triggers of ours that the table has now.
 */
export function dualWriteStatements(
  table: { schema: string; name: string; oid: number; partitioned: boolean },
  groups: LiveGroup[],
  standing: string[],
  settings: Settings,
): string[] {
  const on = qualified(table.schema, table.name);
  const drops = standing.map((name) => `DROP TRIGGER ${quoteIdentifier(name)} ON ${on}`);
  if (groups.length === 0) return [...drops, `DROP FUNCTION IF EXISTS ${writeFunction(table.oid)}()`];

  const path = `pg_catalog, ${quoteIdentifier(table.schema)}, pg_temp`;
  const pinned = Object.entries(settings).map(
    ([name, value]) => `SET ${quoteIdentifier(name)} = ${quoteLiteral(value)}`,
  );
  const define = `CREATE OR REPLACE FUNCTION ${writeFunction(table.oid)}() RETURNS trigger LANGUAGE plpgsql SECURITY INVOKER
SET search_path = ${path} ${pinned.join(' ')}
AS ${dollarQuoted(functionBody(table, groups))}`;

  const triggers = [...insertTriggers(table.schema, groups), ...updateTriggers(table.schema, groups)];
  return [
    ...drops,
    define,
    ...triggers.flatMap(({ name, event, when, level }) => [
      `CREATE TRIGGER ${quoteIdentifier(name)} BEFORE ${event} ON ${on} FOR EACH ROW
WHEN (${[notBackfill, ...when].join(' AND ')}) EXECUTE FUNCTION ${writeFunction(table.oid)}(${level})`,
      `ALTER TABLE ${on} ENABLE ALWAYS TRIGGER ${quoteIdentifier(name)}`,
    ]),
  ];
}

interface TriggerShape {
  name: string;
  event: 'INSERT' | 'UPDATE';
  when: string[];
  level: number;
}

const notBackfill = `pg_catalog.current_setting('theseus.worker', true) IS DISTINCT FROM 'backfill'`;

/** The function cannot see its client's path, because it pins its own; WHEN can. */
function perClient(schema: string, groups: LiveGroup[]): { when: string; level: number }[] {
  const client = `${clientFunction(schema)}(pg_catalog.current_schema())`;
  const levels = [0, ...new Set(groups.map(({ position }) => position))].toSorted((a, b) => a - b);
  return levels.map((level, at) => {
    const next = levels[at + 1];
    return {
      when: next === undefined ? `${client} >= ${level}` : `${client} >= ${level} AND ${client} < ${next}`,
      level,
    };
  });
}

function insertTriggers(schema: string, groups: LiveGroup[]): TriggerShape[] {
  return perClient(schema, groups).map(({ when, level }) => ({
    name: `${triggerPrefix}insert_${level}`,
    event: 'INSERT',
    when: [when],
    level,
  }));
}

function updateTriggers(schema: string, groups: LiveGroup[]): TriggerShape[] {
  const facts: Record<string, ColumnFacts> = Object.assign({}, ...groups.map((group) => group.columns));
  const touched = differs([...new Set(groups.flatMap(watchedColumns))], facts, 'OLD', 'NEW');
  if (!groups.some(needsClientOnUpdate)) {
    return [{ name: `${triggerPrefix}update`, event: 'UPDATE', when: [touched], level: 0 }];
  }
  return perClient(schema, groups).map(({ when, level }) => ({
    name: `${triggerPrefix}update_${level}`,
    event: 'UPDATE',
    when: [touched, when],
    level,
  }));
}

/** The statement that defines `clientFunction`: version schema → position of the newest group its clients write. */
export function clientFunctionStatement(schema: string, positions: Map<string, number>): string {
  const arms = [...positions].map(([version, position]) => `WHEN ${quoteLiteral(version)} THEN ${position}`);
  const body = arms.length === 0 ? '0' : `CASE $1 ${arms.join(' ')} ELSE 0 END`;
  return `CREATE OR REPLACE FUNCTION ${clientFunction(schema)}(name) RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE RETURN ${body}`;
}

function dollarQuoted(body: string): string {
  let tag = '$theseus$';
  for (let at = 0; body.includes(tag); at += 1) tag = `$theseus_${at}$`;
  return `${tag}\n${body}\n${tag}`;
}
