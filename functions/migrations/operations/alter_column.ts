import { ColumnExists, DownRequired, MigrationFileInvalid, UpRequired } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { bindNew, bindOld } from '../plan/binding.ts';
import {
  finalColumn,
  finalTable,
  findColumn,
  findTable,
  type LogicalColumn,
  type LogicalTable,
  replaceColumn,
  replaceTable,
} from '../plan/logical.ts';
import { type Pieces, pieces } from '../plan/pieces.ts';
import type { UndoClass } from '../plan/schemas.ts';
import { tableSql } from '../plan/steps.ts';
import { bind, type Expression, parseExpression } from '../sql/expression.ts';
import { isVolatile, plainColumn, provablyNotNull } from '../sql/facts.ts';
import { hashedName, quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import { isSerial, isWidening, parseType, sameValue, type TypeName, textLimit } from '../sql/type.ts';
import { defaultOf } from './clauses.ts';
import {
  checkPieces,
  foreignKeyPieces,
  type NewColumn,
  notNullPieces,
  together,
  uniquePieces,
} from './constraints.ts';
import { copyColumnObjects } from './copies.ts';
import { dependantNotes } from './dependants.ts';
import { keyOf } from './keys.ts';
import type { Applied, OperationContext } from './operation.ts';
import { notYet, refuseChangedTwice, refuseHeldColumn, refuseTakenName, standingTable } from './refusals.ts';
import { relaxOldColumn } from './relax.ts';

type Body = OperationOf<'alter_column'>;

interface Altered {
  body: Body;
  context: OperationContext;
  before: LogicalTable;
  old: LogicalColumn;
  physical: string;
  from: TypeName;
  to: TypeName;
  up: Expression;
  down: Expression;
}

/**
 * Changes a column. A new type, NULL or NOT NULL, CHECK, UNIQUE or FOREIGN KEY makes a second physical column beside
 * the first, each following the other; a name, default or comment alone does not.
 */
export async function alterColumn(body: Body, context: OperationContext): Promise<Applied> {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  const source = standingTable(context, before);
  const old = findColumn(before, body.column, context.pointer('column'));
  refuseChangedTwice(context, before, old);
  const { type, nullable, check, unique, references, name, comment } = body;
  const shadowed = [type, nullable, check, unique, references].some((change) => change !== undefined);
  if (!shadowed && name === undefined && comment === undefined && body.default === undefined) {
    const detail = `alter_column of "${body.column}" changes nothing`;
    throw new MigrationFileInvalid(detail, {
      problems: [{ pointer: context.pointer(), detail }],
      action: 'Say what to change.',
    });
  }
  if (name !== undefined && before.columns.some((column) => column.name === name)) {
    const detail = `Table "${before.name}" has a column "${name}" already`;
    throw new ColumnExists(detail, {
      problems: [{ pointer: context.pointer('name'), detail }],
      action: 'Choose another name.',
    });
  }
  const given = await givenDefault(body.default, context.pointer('default'));
  const renamed: LogicalColumn = { ...old, name: name ?? old.name, changedBy: context.index };
  if (!shadowed) return plainChange(body, context, before, old, { ...renamed, ...given?.column });

  refuseHeldColumn(context, source, old, 'altering');
  if (check !== undefined) refuseTakenName(context, before, check.name, ['check', 'name'], false);
  if (unique !== undefined) refuseTakenName(context, before, unique.name, ['unique', 'name'], true);
  if (references !== undefined)
    refuseTakenName(context, before, references.name, ['references', 'name'], false);
  const from = await parseType(old.type);
  const to = type === undefined ? from : await parseType(type, context.pointer('type'));
  if (isSerial(to))
    throw notYet(context, `alter_column to ${to.sql}`, 'Use bigint and keep the default.', ['type']);
  requireExpressions(body, context, from, to);
  const physical = hashedName(context.migration, before.ref.name, body.column);
  const identity = await parseExpression(quoteIdentifier(body.column));
  const altered: Altered = {
    body,
    context,
    before,
    old,
    physical,
    from,
    to,
    up: body.up === undefined ? identity : await parseExpression(body.up, context.pointer('up')),
    down: body.down === undefined ? identity : await parseExpression(body.down, context.pointer('down')),
  };
  const converted = given === null ? convertedDefault(altered) : given.column.viewDefault;
  const column: LogicalColumn = {
    ...renamed,
    new: physical,
    type: to.sql,
    notNull: nullable === undefined ? old.notNull : !nullable,
    default: null,
    viewDefault: converted,
    finalDefault: converted,
  };
  const after = replaceColumn(before, column);
  return {
    schema: replaceTable(context.schema, after),
    pieces: async (finalSchema) => shadowPieces(altered, finalTable(finalSchema, after), finalSchema),
  };
}

async function givenDefault(text: string | null | undefined, pointer: string) {
  if (text === undefined) return null;
  const sql = text === null ? null : ((await defaultOf(text, pointer))?.sql ?? null);
  return { column: { viewDefault: sql, finalDefault: sql } };
}

function requireExpressions(body: Body, context: OperationContext, from: TypeName, to: TypeName): void {
  const wide = isWidening(from, to);
  if (body.up === undefined && (!wide || body.nullable === false)) {
    const detail = `alter_column of "${body.column}" needs up: how old values become new ones`;
    throw new UpRequired(detail, {
      problems: [{ pointer: context.pointer('up'), detail }],
      action: 'Give up.',
    });
  }
  if (body.down === undefined && (!isWidening(to, from) || body.nullable === true)) {
    const detail = `alter_column of "${body.column}" needs down: how new values become old ones`;
    throw new DownRequired(detail, {
      problems: [{ pointer: context.pointer('down'), detail }],
      action: 'Give down.',
    });
  }
}

/** The old default as the new version sees it: through `up`, when up reads nothing else. */
function convertedDefault({ old, up, before, from, to }: Altered): string | null {
  if (old.default === null) return null;
  const names = [before.name, before.source?.name ?? before.name];
  const own = `CAST((${old.default}) AS ${from.sql})`;
  const others: string[] = [];
  const through = bind(up, names, (name) => {
    if (name !== old.name) others.push(name);
    return own;
  });
  return `CAST((${others.length === 0 ? through : own}) AS ${to.sql})`;
}

/** A new name, default or comment: nothing moves. */
function plainChange(
  body: Body,
  context: OperationContext,
  before: LogicalTable,
  old: LogicalColumn,
  column: LogicalColumn,
): Applied {
  // A view cannot take the base table's default away; an expression that gives NULL can stand before it.
  const dropped = body.default !== undefined && column.viewDefault === null && old.default !== null;
  const shown = dropped
    ? { ...column, viewDefault: `CASE WHEN false THEN CAST(NULL AS ${old.type}) END` }
    : column;
  const after = replaceColumn(before, shown);
  const at = `${tableSql(before.ref)}.${quoteIdentifier(old.new ?? old.name)}`;
  const { comment } = body;
  const was = before.source?.columns.find((candidate) => candidate.physical === old.new)?.comment ?? null;
  const commented = (text: string | null) => [
    `COMMENT ON COLUMN ${at} IS ${text === null ? 'NULL' : quoteLiteral(text)}`,
  ];
  return {
    schema: replaceTable(context.schema, after),
    pieces: async () =>
      pieces({
        summary: `Alter column "${body.column}" of "${body.table}": ${changes(body).join(', ')}`,
        undo: 'exact',
        undoReason: 'No row changes',
        ...(comment === undefined
          ? {}
          : {
              relax: [{ tables: [before.ref], statements: commented(comment) }],
              undoContract: [
                {
                  kind: 'transaction',
                  purpose: 'Give the comment back',
                  locks: [before.ref],
                  statements: commented(was).map((sql) => ({ sql, values: [] })),
                  dualWrites: [],
                },
              ],
            }),
      }),
  };
}

function changes(body: Body): string[] {
  const { type, nullable, check, unique, references, name, comment } = body;
  return [
    ...(name === undefined ? [] : [`name "${name}"`]),
    ...(type === undefined ? [] : [`type ${type}`]),
    ...(nullable === undefined ? [] : [nullable ? 'NULL allowed' : 'NOT NULL']),
    ...(body.default === undefined ? [] : [body.default === null ? 'no default' : 'default']),
    ...(check === undefined ? [] : [`check ${check.name}`]),
    ...(unique === undefined ? [] : [`unique ${unique.name}`]),
    ...(references === undefined ? [] : [`foreign key ${references.name}`]),
    ...(comment === undefined ? [] : ['comment']),
  ];
}

async function shadowPieces(
  altered: Altered,
  final: LogicalTable,
  finalSchema: Applied['schema'],
): Promise<Pieces> {
  const { body, context, before, old, physical, to, from } = altered;
  const column = finalColumn(final, { ...old, id: old.id });
  const oldPhysical = old.old ?? old.name;
  const table = tableSql(final.ref);
  const name = quoteIdentifier(physical);
  const up = bindOld(altered.up, before, context.pointer('up'));
  const down = bindNew(altered.down, before, final, context.pointer('down'), old);
  const cast = (sql: string, type: TypeName) => `CAST((${sql}) AS ${type.sql})`;
  const at: NewColumn = {
    context,
    before,
    final,
    finalSchema,
    column,
    physical,
    value: (operand) => cast(up.as(operand), to),
    follows: true,
  };
  const sureUp = provablyNotNull(up.expression, (read) => up.column(read)?.notNull === true);
  const constraints = together([
    ...(column.notNull ? [notNullPieces(at, sureUp)] : []),
    ...(body.check === undefined ? [] : [await checkPieces(at, body.check)]),
    ...(body.unique === undefined ? [] : [uniquePieces(at, body.unique.name, false)]),
    ...(body.references === undefined ? [] : [foreignKeyPieces(at, body.references)]),
  ]);
  const copies = await copyColumnObjects(at, old, { from, to, injective: isInjective(altered) });
  const { guards, ...parts } = together([constraints, copies]);
  const { volatileFunctions } = context.snapshot;
  const relaxed = await relaxOldColumn(context, final, oldPhysical);
  const key = keyOf(final);
  const columns = key.map((part) => part.column);
  const undo = undoOf(altered);
  const comment = body.comment === undefined ? sourceComment(final, oldPhysical) : body.comment;
  return pieces({
    summary: `Alter column "${body.column}" of "${body.table}": ${changes(body).join(', ')}`,
    ...undo,
    ...parts,
    expand: [
      {
        tables: [final.ref],
        statements: [
          `ALTER TABLE ${table} ADD COLUMN ${name} ${to.sql}`,
          ...(comment === null ? [] : [`COMMENT ON COLUMN ${table}.${name} IS ${quoteLiteral(comment)}`]),
          ...columnGrants(final, oldPhysical, physical),
        ],
      },
    ],
    flows: [
      {
        table: final,
        direction: 'up',
        target: physical,
        type: to,
        bound: up,
        volatile: isVolatile(up.expression, volatileFunctions),
        guards,
      },
      {
        table: final,
        direction: 'down',
        target: oldPhysical,
        type: from,
        bound: down,
        volatile: isVolatile(down.expression, volatileFunctions),
        guards: [],
      },
    ],
    ...relaxed,
    rollback: [
      { tables: [final.ref], statements: [`ALTER TABLE IF EXISTS ${table} DROP COLUMN IF EXISTS ${name}`] },
    ],
    removal: {
      drop: [
        {
          tables: [final.ref],
          statements: [
            ...ownedSequence(final, oldPhysical, physical),
            `ALTER TABLE ${table} DROP COLUMN IF EXISTS ${quoteIdentifier(oldPhysical)}`,
          ],
        },
      ],
      finish: copies.finish,
      indexes: [],
    },
    removalBackups: [
      {
        id: `${context.index + 1}.${final.ref.name}.${oldPhysical}`,
        table: final.ref,
        key,
        columns: [...columns, oldPhysical],
        where: `${quoteIdentifier(oldPhysical)} IS NOT NULL`,
      },
    ],
    undoLosses: [
      {
        id: `${context.index + 1}.${final.ref.name}.${physical}`,
        table: final.ref,
        key,
        columns: [...columns, physical],
        where: `NOT (${sameValue(name, cast(up.row, to), to)})`,
      },
    ],
    checks: [...parts.checks, ...truncation(altered, final, up.row)],
    notes: [
      ...parts.notes,
      ...dependantNotes(context, before.source ?? neverNull(), oldPhysical, `changes "${body.column}"`),
    ],
  });
}

/** standingTable has refused tables without a source before. */
function neverNull(): never {
  throw new Error('alter_column on a table that does not stand');
}

const sourceComment = (table: LogicalTable, physical: string) =>
  table.source?.columns.find((column) => column.physical === physical)?.comment ?? null;

/** Two different old values never become the same new one. */
function isInjective({ up, from, to, old }: Altered): boolean {
  return plainColumn(up)?.column === old.name && isWidening(from, to);
}

function undoOf({ up, down, from, to, old }: Altered): { undo: UndoClass; undoReason: string } {
  const plain = plainColumn(up)?.column === old.name && plainColumn(down)?.column === old.name;
  if (plain && from.sql === to.sql) return { undo: 'exact', undoReason: 'Old and new hold the same values' };
  return {
    undo: 'lossy',
    undoReason: 'New values for which up(down(x)) is not x cannot return; undo counts them first',
  };
}

/** Column rights, which a view passes on to the base table's column. */
function columnGrants(table: LogicalTable, from: string, to: string): string[] {
  return (table.source?.grants ?? []).flatMap((grant) => {
    if (grant.columns === null || !grant.columns.includes(from)) return [];
    const privileges = grant.privileges.filter((privilege) =>
      ['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'].includes(privilege),
    );
    const grantee = grant.grantee === 'PUBLIC' ? 'PUBLIC' : quoteIdentifier(grant.grantee);
    return privileges.map(
      (privilege) => `GRANT ${privilege} (${quoteIdentifier(to)}) ON ${tableSql(table.ref)} TO ${grantee}`,
    );
  });
}

/** A serial's sequence belongs to its column and would go with it. */
function ownedSequence(table: LogicalTable, from: string, to: string): string[] {
  const standing = table.source?.columns.find((column) => column.physical === from)?.default ?? '';
  if (!/\bnextval\(/i.test(standing)) return [];
  const of = (column: string) => `${quoteLiteral(tableSql(table.ref))}, ${quoteLiteral(column)}`;
  const body = `DECLARE s text := pg_get_serial_sequence(${of(from)}); BEGIN IF s IS NOT NULL THEN EXECUTE 'ALTER SEQUENCE ' || s || ' OWNED BY ' || ${quoteLiteral(`${tableSql(table.ref)}.${quoteIdentifier(to)}`)}; END IF; END`;
  return [`DO ${quoteLiteral(body)}`];
}

/** A cast to a shorter text cuts silently; what would be cut refuses the migration. */
function truncation({ context, to, from, body }: Altered, final: LogicalTable, up: string): Pieces['checks'] {
  const limit = textLimit(to);
  if (limit === null || isWidening(from, to)) return [];
  return [
    {
      id: `${context.index + 1}.length`,
      operation: context.index,
      sql: `SELECT count(*) AS count FROM ${tableSql(final.ref)} WHERE char_length((${up})::text) > ${limit}`,
      problem: `Values of "${body.column}" longer than the ${limit} characters of ${to.sql}`,
      action: 'Make up shorten them, for example with left(…), or choose a longer type.',
    },
  ];
}
