import type { OperationOf } from '../file/schema.ts';
import { bindNew, bindOld, refuseGenerated } from '../plan/binding.ts';
import { finalColumn, type LogicalColumn, type LogicalSchema, type LogicalTable } from '../plan/logical.ts';
import { type Pieces, pieces } from '../plan/pieces.ts';
import type { UndoClass } from '../plan/schemas.ts';
import type { Table } from '../plan/snapshot.ts';
import { tableSql } from '../plan/steps.ts';
import type { Expression } from '../sql/expression.ts';
import { isVolatile, plainColumn, provablyNotNull } from '../sql/facts.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import { isWidening, sameValue, type TypeName, textLimit } from '../sql/type.ts';
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
import type { OperationContext } from './operation.ts';
import { relaxOldColumn } from './relax.ts';

type Body = OperationOf<'alter_column'>;

/** A column that gets a second physical one. */
export interface Altered {
  /** What changes; for operations on constraints: nothing but the values. */
  body: Body;
  /** Pointer of the expression in the file. */
  pointer: (side: 'up' | 'down') => string;
  /** A constraint of the old column that the new one does not get. */
  without?: string;
  context: OperationContext;
  before: LogicalTable;
  source: Table;
  old: LogicalColumn;
  physical: string;
  from: TypeName;
  to: TypeName;
  up: Expression;
  down: Expression;
}

/** What an alter_column changes, in words. */
export function changes(body: Body): string[] {
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

/** What the second physical column asks of every phase: to be made, fed both ways, constrained, and to take over. */
export async function shadowPieces(
  altered: Altered,
  final: LogicalTable,
  finalSchema: LogicalSchema,
): Promise<Pieces> {
  const { body, context, before, source, old, physical, to, from } = altered;
  const column = finalColumn(final, old);
  const oldPhysical = old.old ?? old.name;
  const table = tableSql(final.ref);
  const name = quoteIdentifier(physical);
  const up = bindOld(altered.up, before, altered.pointer('up'));
  const place = altered.pointer('down');
  const down = refuseGenerated(bindNew(altered.down, before, final, place, old), place);
  const cast = (sql: string, type: TypeName) => `CAST((${sql}) AS ${type.sql})`;
  const at: NewColumn = {
    context,
    pointer: context.pointer,
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
  const copies = await copyColumnObjects(at, old, { from, to }, altered.without);
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
    notes: [...parts.notes, ...dependantNotes(context, source, oldPhysical, `changes "${body.column}"`)],
  });
}

const sourceComment = (table: LogicalTable, physical: string) =>
  table.source?.columns.find((column) => column.physical === physical)?.comment ?? null;

/** Two different old values never become the same new one. A cast to whole numbers fails rather than joins values. */
export function isInjective({ up, from, to, old }: Pick<Altered, 'up' | 'from' | 'to' | 'old'>): boolean {
  const plain = plainColumn(up);
  const casts = plain?.casts ?? [];
  const whole = casts.every((base) => ['int2', 'int4', 'int8'].includes(base));
  return plain?.column === old.name && whole && isWidening(from, to);
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
