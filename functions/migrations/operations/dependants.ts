import type { Note } from '../plan/schemas.ts';
import type { Table } from '../plan/snapshot.ts';
import type { OperationContext } from './operation.ts';

/** Views that read a physical column which goes away at removal: they would hold it, so the reader must agree. */
export function dependantNotes(
  context: OperationContext,
  source: Table,
  physical: string,
  doing: string,
): Note[] {
  const views = source.dependants.filter((view) => view.columns.includes(physical));
  if (views.length === 0) return [];
  const names = views
    .slice(0, 20)
    .map((view) => `${view.schema}.${view.name}`)
    .join(', ');
  const text =
    `Operation ${context.index + 1} ${doing}, which ${names} read${views.length === 1 ? 's' : ''}. They work until removal; ` +
    'before that, define them anew over the new version or drop them: removal is refused while they stand.';
  return [{ code: 'dependants', severity: 'consent', operation: context.index, text }];
}
