import { z } from 'zod';
import { verdictOf, worst } from './compatibility.ts';
import { changesBetween, type ObjectChange, subjectOf } from './diff.ts';
import { type ObjectOf, SchemaObject, type SchemaShape, tableOf } from './shape.ts';
import { type Placed, statementsOf } from './sql.ts';

const Effect = z.enum(['works', 'may_fail', 'fails']);

/** One change as people read it: the parts of a table that comes or goes are in that table's change. */
export const SchemaChange = z
  .strictObject({
    kind: z.string(),
    change: z.enum(['added', 'dropped', 'changed']),
    table: z.string().nullable(),
    name: z.string(),
    before: SchemaObject.nullable(),
    after: SchemaObject.nullable(),
    oldClients: z
      .strictObject({ reads: Effect, writes: Effect, reason: z.string() })
      .describe('Whether a client written for the schema before it goes on'),
    sql: z.array(z.string()),
  })
  .meta({ id: 'SchemaChange' });
export type SchemaChange = z.infer<typeof SchemaChange>;

export const SchemaDifference = z
  .strictObject({
    compatible: z.boolean().describe('Old clients go on, reading and writing, whatever they do'),
    oldClients: z.strictObject({ reads: Effect, writes: Effect }),
    changes: z.array(SchemaChange),
    script: z.array(z.string()).describe('All statements, in an order in which they can run'),
  })
  .meta({ id: 'SchemaDifference' });
export type SchemaDifference = z.infer<typeof SchemaDifference>;

const changeKind = ({ before, after }: ObjectChange): SchemaChange['change'] =>
  before === null ? 'added' : after === null ? 'dropped' : 'changed';

/** The changes of a list, without what comes or goes with its table. */
function ownChanges(changes: readonly ObjectChange[]): ObjectChange[] {
  const tables = (kind: 'added' | 'dropped') =>
    new Set(
      changes.flatMap((change) => {
        const subject = subjectOf(change);
        return subject.kind === 'table' && changeKind(change) === kind ? [subject.name] : [];
      }),
    );
  const made = tables('added');
  const gone = tables('dropped');
  return changes.filter((change) => {
    const subject = subjectOf(change);
    const table = tableOf(subject);
    if (table === null) return true;
    const column = subject.kind === 'column' || subject.kind === 'kept_column';
    return !(gone.has(table) || (made.has(table) && column));
  });
}

/** What these changes are, what they do to clients, and the SQL that makes them in `schema`. */
export function describeChanges(schema: string, all: readonly ObjectChange[]): SchemaDifference {
  const columnsOf = (table: string) =>
    all.flatMap(({ after }) => (after?.kind === 'column' && after.table === table ? [after] : []));
  const placed: Placed[] = [];
  const changes = ownChanges(all).map((change) => {
    const subject = subjectOf(change);
    const columns: ObjectOf<'column'>[] = subject.kind === 'table' ? columnsOf(subject.name) : [];
    const statements = statementsOf(schema, change, columns);
    placed.push(...statements);
    return {
      kind: subject.kind,
      change: changeKind(change),
      table: tableOf(subject),
      name: subject.name,
      ...change,
      oldClients: verdictOf(change),
      sql: statements.map(({ sql }) => sql),
    };
  });
  const oldClients = worst(changes.map((change) => change.oldClients));
  return {
    compatible: oldClients.reads === 'works' && oldClients.writes === 'works',
    oldClients,
    changes,
    script: placed.sort((a, b) => a.place - b.place).map(({ sql }) => sql),
  };
}

/** What leads from one version of a schema to another, for its clients: what is kept for an undo is left out. */
export function describeDifference(from: SchemaShape, to: SchemaShape): SchemaDifference {
  const shown = changesBetween(from, to).filter((change) => subjectOf(change).kind !== 'kept_column');
  return describeChanges(to.schema, shown);
}
