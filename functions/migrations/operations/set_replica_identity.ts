import { IndexNotFound, MigrationFileInvalid } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { findTable } from '../plan/logical.ts';
import { pieces } from '../plan/pieces.ts';
import type { Table } from '../plan/snapshot.ts';
import { tableSql } from '../plan/steps.ts';
import { didYouMean, quoteIdentifier } from '../sql/identifiers.ts';
import { oneOf } from './clauses.ts';
import type { Applied, OperationContext } from './operation.ts';
import { standingTable } from './refusals.ts';

/** What logical replication writes of a row's old form: set at expand, put back by rollback and undo. */
export async function setReplicaIdentity(
  body: OperationOf<'set_replica_identity'>,
  context: OperationContext,
): Promise<Applied> {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  const source = standingTable(context, before);
  const { identity } = body;
  const type = oneOf(
    identity.type,
    ['DEFAULT', 'FULL', 'NOTHING', 'INDEX'],
    context.pointer('identity', 'type'),
  );
  if (type === 'INDEX') refuseUnfitIndex(context, source, identity.index);
  const { ref } = before;
  const set = (clause: string) => `ALTER TABLE IF EXISTS ${tableSql(ref)} REPLICA IDENTITY ${clause}`;
  const clause = type === 'INDEX' ? `USING INDEX ${quoteIdentifier(identity.index)}` : type;
  const was = source.replicaIdentity ?? 'DEFAULT';
  const shown = type === 'INDEX' ? `the index "${identity.index}"` : type;
  return {
    schema: context.schema,
    pieces: async () =>
      pieces({
        summary: `Set the replica identity of "${body.table}" to ${shown}`,
        undo: 'exact',
        undoReason: 'No row changes',
        expand: [{ tables: [ref], statements: [set(clause)] }],
        rollback: [{ tables: [ref], statements: [set(was)] }],
        rights: [{ kind: 'owner', table: ref }],
        notes:
          source.publications.length === 0
            ? []
            : [
                {
                  code: 'replica_identity',
                  severity: 'consent',
                  operation: context.index,
                  text:
                    `"${body.table}" is published by ${source.publications.slice(0, 20).join(', ')}: from expand on its subscribers get other old values` +
                    `${type === 'NOTHING' ? ', and clients’ UPDATE and DELETE fail while it has no identity' : ''}.`,
                },
              ],
      }),
  };
}

function refuseUnfitIndex(context: OperationContext, source: Table, name: string): void {
  const pointer = context.pointer('identity', 'index');
  const index = source.indexes.find((candidate) => candidate.name === name);
  if (index === undefined) {
    const names = source.indexes.map((candidate) => candidate.name);
    const detail = `Table "${source.name}" has no index "${name}"${didYouMean(name, names)}`;
    throw new IndexNotFound(detail, {
      problems: [{ pointer, detail }],
      evidence: { table: source.name, index: name },
      action: 'Name a unique index that stands; one that is to be made needs a migration before this one.',
    });
  }
  const nullable = index.columns.find(
    (column) => source.columns.find(({ physical }) => physical === column)?.notNull !== true,
  );
  const deferred = source.constraints.some(
    (constraint) => constraint.name === index.constraint && constraint.definition.includes(' DEFERRABLE'),
  );
  const reason = !index.unique
    ? 'is not unique'
    : !index.valid
      ? 'is not valid'
      : / WHERE /.test(index.definition)
        ? 'is partial'
        : nullable !== undefined
          ? `holds ${nullable === null ? 'an expression' : `"${nullable}", which may be NULL`}`
          : deferred
            ? 'is checked at commit'
            : null;
  if (reason === null) return;
  const detail = `The index "${name}" ${reason}: it cannot tell a row from every other`;
  throw new MigrationFileInvalid(detail, {
    problems: [{ pointer, detail }],
    action: 'Name a unique index over NOT NULL columns, without a condition and not deferrable.',
  });
}
