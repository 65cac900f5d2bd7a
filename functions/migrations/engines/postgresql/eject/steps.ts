import { NotEjectable } from '../../../errors.ts';
import type { DualWriteGroup, Statement, Step, TableRef } from '../../../plan/schemas.ts';
import { qualified, quoteIdentifier, quoteLiteral } from '../../../sql/identifiers.ts';
import type { LiveGroup } from '../dual-write/function.ts';
import { watchedColumns } from '../dual-write/function.ts';
import { clientFunction, dualWriteStatements, triggerPrefix } from '../dual-write/triggers.ts';
import type { Ejectable, EjectableTable } from './ejectable.ts';
import { block } from './rows.ts';

type TransactionStep = Extract<Step, { kind: 'transaction' }>;

/** An argument of a psql command, which reads backslashes in its own way. */
export function said(text: string): string {
  return `'${text.replaceAll(/\s+/g, ' ').replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** How often the tables are asked for, at 200 ms and a pause each; between the tries clients pass. */
const lockTries = 100;

/**
 * One step as psql runs it: passed over when the database knows it as done, so that a script that stopped may be run
 * again. `tables` is what is kept in step when the step begins, and after the call what is kept in step when it ends.
 */
export function stepScript(
  step: Step,
  of: Pick<Ejectable, 'migration' | 'schema' | 'nextPosition' | 'settings' | 'types'>,
  tables: Map<string, EjectableTable>,
): string {
  const { migration } = of;
  const body = step.kind === 'transaction' ? transaction(step, of, tables) : long(step, migration);
  return `
\\echo ${said(step.purpose)}
SELECT NOT EXISTS (SELECT FROM theseus.steps WHERE migration = ${quoteLiteral(migration)} AND step = ${quoteLiteral(step.id)}) AS todo \\gset
\\if :todo
${body}
\\endif`;
}

const mark = (step: Step, migration: string) =>
  `INSERT INTO theseus.steps (migration, step, epoch, facts)
  SELECT migration, ${quoteLiteral(step.id)}, epoch, '{"ejected": true}' FROM theseus.fence WHERE migration = ${quoteLiteral(migration)};`;

function transaction(
  step: TransactionStep,
  of: Pick<Ejectable, 'migration' | 'schema' | 'nextPosition' | 'settings' | 'types'>,
  tables: Map<string, EjectableTable>,
): string {
  const removed = step.dualWrites.flatMap((change) => (change.action === 'remove' ? [change] : []));
  const added = step.dualWrites.flatMap((change) => (change.action === 'add' ? [change] : []));
  const path = `SET LOCAL search_path = ${quoteIdentifier(of.schema)}, pg_temp;`;
  return [
    'BEGIN;',
    path,
    `SET LOCAL lock_timeout = '200ms';`,
    ...(step.locks.length === 0 ? [] : [lock(step.locks)]),
    `SET LOCAL search_path = pg_catalog, pg_temp;`,
    ...remove(removed, of, tables),
    path,
    ...step.statements.map(statement),
    `SET LOCAL search_path = pg_catalog, pg_temp;`,
    ...add(added, of, tables),
    clients(of.schema),
    mark(step, of.migration),
    'COMMIT;',
  ].join('\n');
}

/** All tables in OID order under one short budget; a try that fails lets go of what it had. */
function lock(refs: TableRef[]): string {
  const wanted = refs
    .map(({ oid, schema, name }) => `(${oid ?? 0}::oid, ${quoteLiteral(schema)}, ${quoteLiteral(name)})`)
    .join(', ');
  return block(`DECLARE _tables text;
BEGIN
  FOR _try IN 1..${lockTries} LOOP
    SELECT string_agg(format('%I.%I', t.schema, t.name), ', ' ORDER BY t.oid) INTO _tables FROM (
      SELECT DISTINCT c.oid, n.nspname AS schema, c.relname AS name FROM (VALUES ${wanted}) AS wanted(oid, schema, name)
      JOIN pg_class c ON c.oid = wanted.oid OR (c.relname = wanted.name AND NOT EXISTS (SELECT FROM pg_class WHERE oid = wanted.oid))
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE (c.oid = wanted.oid OR n.nspname = wanted.schema) AND c.relkind IN ('r', 'p')) AS t;
    EXIT WHEN _tables IS NULL;
    BEGIN
      EXECUTE 'LOCK TABLE ' || _tables || ' IN ACCESS EXCLUSIVE MODE';
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF _try = ${lockTries} THEN RAISE; END IF;
      PERFORM pg_sleep(0.05 + random() * 0.4);
    END;
  END LOOP;
END`);
}

/** Values were bound; a script has nothing to bind them from. */
function statement({ sql, values }: Statement): string {
  if (values.length === 0) return `${sql};`;
  const literals = values.map((value) =>
    value === null ? 'NULL' : quoteLiteral(typeof value === 'string' ? value : JSON.stringify(value)),
  );
  return `PREPARE theseus_step AS ${sql};\nEXECUTE theseus_step (${literals.join(', ')});\nDEALLOCATE theseus_step;`;
}

const keyOf = ({ schema, name }: TableRef) => `${schema}.${name}`;

function remove(
  changes: { table: TableRef; group: string }[],
  of: Pick<Ejectable, 'settings'>,
  tables: Map<string, EjectableTable>,
): string[] {
  const touched = new Set<string>();
  const deletes = changes.map(({ table, group }) => {
    const key = keyOf(table);
    const standing = tables.get(key);
    if (standing !== undefined) {
      tables.set(key, { ...standing, groups: standing.groups.filter(({ id }) => id !== group) });
      touched.add(key);
    }
    return `DELETE FROM theseus.groups WHERE schema_name = ${quoteLiteral(table.schema)} AND id = ${quoteLiteral(group)};`;
  });
  return [...deletes, ...[...touched].flatMap((key) => rebuild(tables.get(key), of))];
}

function add(
  changes: { table: TableRef; group: DualWriteGroup }[],
  of: Pick<Ejectable, 'schema' | 'nextPosition' | 'settings' | 'types'>,
  tables: Map<string, EjectableTable>,
): string[] {
  const touched = new Set<string>();
  const inserts = changes.map(({ table, group }) => {
    const key = keyOf(table);
    const standing = tables.get(key);
    if (standing === undefined) {
      throw new NotEjectable(`There is no table ${key} to keep in step`, {
        action: 'The database has changed since the migration was planned: plan it again.',
      });
    }
    const live = liveGroup(group, of, standing);
    tables.set(key, { ...standing, groups: [...standing.groups, live] });
    touched.add(key);
    return `INSERT INTO theseus.groups (id, migration, position, schema_name, table_oid, definition)
  VALUES (${quoteLiteral(live.id)}, ${quoteLiteral(live.migration)}, ${live.position}, ${quoteLiteral(table.schema)}, ${standing.oid}, ${quoteLiteral(JSON.stringify(live))});`;
  });
  // Triggers name the schema's function of versions, so that one comes first.
  return [
    ...inserts,
    ...(inserts.length === 0 ? [] : [clients(of.schema)]),
    ...[...touched].flatMap((key) => rebuild(tables.get(key), of)),
  ];
}

/** A column that the step itself makes is nullable and without a default. */
function liveGroup(
  group: DualWriteGroup,
  of: Pick<Ejectable, 'nextPosition' | 'types'>,
  table: EjectableTable,
): LiveGroup {
  const types = new Map(group.new.map(({ column, type }) => [column, of.types.get(type) ?? type]));
  const columns = Object.fromEntries(
    watchedColumns(group).map((column) => [
      column,
      table.columns[column] ?? { type: types.get(column) ?? 'text', notNull: false, hasDefault: false },
    ]),
  );
  return { ...group, position: of.nextPosition, columns };
}

/** The table's triggers and function for what is kept in step now. */
function rebuild(table: EjectableTable | undefined, of: Pick<Ejectable, 'settings'>): string[] {
  if (table === undefined) return [];
  const on = qualified(table.schema, table.name);
  const drops = block(`DECLARE _name name;
BEGIN
  FOR _name IN SELECT tgname FROM pg_trigger WHERE tgrelid = ${table.oid} AND NOT tgisinternal
    AND starts_with(tgname, ${quoteLiteral(triggerPrefix)}) LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', _name, ${quoteLiteral(on)});
  END LOOP;
END`);
  return [drops, ...dualWriteStatements(table, table.groups, [], of.settings).map((sql) => `${sql};`)];
}

/**
 * The function that tells a client's place by its version, for the versions and groups there are now: a version's
 * clients write the newest group of their own version or of any it came from.
 */
function clients(schema: string): string {
  const name = clientFunction(schema);
  const literal = quoteLiteral(schema);
  return block(`DECLARE _arms text; _sql text;
BEGIN
  WITH RECURSIVE own AS (
    SELECT definition ->> 'version' AS version, max(position) AS position
    FROM theseus.groups WHERE schema_name = ${literal} GROUP BY 1
  ), up(version, at, depth) AS (
    SELECT v, v, 0 FROM (SELECT version FROM own UNION SELECT version FROM theseus.versions WHERE schema = ${literal}) AS every(v)
    UNION ALL
    SELECT up.version, parents.parent, depth + 1 FROM up JOIN theseus.versions parents ON parents.schema = ${literal} AND parents.version = up.at
    WHERE parents.parent IS NOT NULL AND depth < 10000
  ), places AS (
    SELECT up.version, max(own.position) AS position FROM up JOIN own ON own.version = up.at GROUP BY 1
  )
  SELECT string_agg(format('WHEN %L THEN %s', version, position), ' ') INTO _arms FROM places;
  IF _arms IS NULL AND to_regprocedure(${quoteLiteral(`${name}(name)`)}) IS NULL THEN RETURN; END IF;
  _sql := ${quoteLiteral(`CREATE OR REPLACE FUNCTION ${name}(name) RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE RETURN `)}
    || coalesce('CASE $1 ' || _arms || ' ELSE 0 END', '0');
  EXECUTE _sql;
  EXECUTE ${quoteLiteral(`GRANT EXECUTE ON FUNCTION ${name}(name) TO PUBLIC`)};
  EXECUTE format(${quoteLiteral(`COMMENT ON FUNCTION ${name}(name) IS %L`)}, _sql);
END`);
}

/** Outside any transaction. What a broken-off run left INVALID goes first. */
function long(step: Exclude<Step, { kind: 'transaction' }>, migration: string): string {
  const body =
    step.kind === 'create_index'
      ? [dropInvalid(step.table.schema, step.index), createOnce(step)]
      : step.kind === 'drop_index'
        ? [`DROP INDEX CONCURRENTLY IF EXISTS ${qualified(step.schema, step.index)};`]
        : [
            `ALTER TABLE ${step.part === true ? 'IF EXISTS ' : ''}${qualified(step.table.schema, step.table.name)} VALIDATE CONSTRAINT ${quoteIdentifier(step.constraint)};`,
          ];
  return [`SET lock_timeout = 0;`, ...body, `SET lock_timeout = '2s';`, mark(step, migration)].join('\n');
}

const indexNamed = (schema: string, index: string) =>
  `SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ${quoteLiteral(schema)} AND c.relname = ${quoteLiteral(index)}`;

function dropInvalid(schema: string, index: string): string {
  const drop = `DROP INDEX CONCURRENTLY ${qualified(schema, index)}`;
  return `SELECT ${quoteLiteral(drop)} WHERE EXISTS (${indexNamed(schema, index)} AND NOT (i.indisvalid AND i.indisready)) \\gexec`;
}

function createOnce(step: Extract<Step, { kind: 'create_index' }>): string {
  const { schema, name } = step.table;
  const there = `to_regclass(${quoteLiteral(qualified(schema, name))}) IS NOT NULL`;
  return `SELECT ${quoteLiteral(step.sql)} WHERE NOT EXISTS (${indexNamed(schema, step.index)})${step.part === true ? ` AND ${there}` : ''} \\gexec`;
}
