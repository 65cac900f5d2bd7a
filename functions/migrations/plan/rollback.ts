import { raw } from '../operations/sql.ts';
import type { FlowGroup } from './groups.ts';
import type { LogicalSchema } from './logical.ts';
import { dropLogin } from './login.ts';
import type { Pieces, StepDraft } from './pieces.ts';
import { dropVersion, shownTables } from './publish.ts';
import type { LoginRole } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';
import { lockOrder, transaction } from './steps.ts';

/**
 * Everything back as it was, whatever phase was reached: the version's views first, then feeding and the new columns
 * and tables together, then indexes. Every statement tolerates that its object was never made.
 */
export function rollbackSteps(
  final: LogicalSchema,
  snapshot: Snapshot,
  version: string,
  groups: FlowGroup[],
  all: Pieces[],
  login?: LoginRole | undefined,
): StepDraft[] {
  const views = shownTables(final).map((table) => table.name);
  const hide = transaction(
    `Take the version ${version} away`,
    [],
    [
      ...dropVersion(snapshot.schema, version, views),
      ...(login === undefined ? [] : [dropLogin(version)]),
      {
        sql: 'DELETE FROM theseus.versions WHERE schema = $1 AND version = $2',
        values: [snapshot.schema, version],
      },
    ],
  );
  const backwards = all.toReversed();
  const changes = backwards.flatMap((each) => each.rollback);
  const refs = [...changes.flatMap((change) => change.tables), ...groups.map((group) => group.table.ref)];
  const physical: StepDraft[] =
    changes.length === 0 && groups.length === 0
      ? []
      : [
          {
            kind: 'transaction',
            purpose: 'Stop feeding and drop what expand made',
            locks: lockOrder(refs),
            statements: changes.flatMap((change) => change.statements).map((sql) => ({ sql, values: [] })),
            dualWrites: groups.map(({ group, table }) => ({
              action: 'remove',
              table: table.ref,
              group: group.id,
            })),
          },
        ];
  const own = backwards.flatMap((each) =>
    each.raw.down.length === 0 ? [] : [raw('Run your down statements', each.raw.down)],
  );
  return [hide, ...own, ...physical, ...backwards.flatMap((each) => each.rollbackIndexes)];
}
