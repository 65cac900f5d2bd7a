import { ConstraintNotFound } from '../errors.ts';
import type { LogicalTable } from '../plan/logical.ts';
import type { Constraint } from '../plan/snapshot.ts';
import { didYouMean } from '../sql/identifiers.ts';
import type { OperationContext } from './operation.ts';

/** The constraint of a standing table. Throws ConstraintNotFound with the nearest name. */
export function findConstraint(
  context: OperationContext,
  table: LogicalTable,
  name: string,
  field: string,
): Constraint {
  const constraints = table.source?.constraints ?? [];
  const found = constraints.find((constraint) => constraint.name === name);
  if (found !== undefined) return found;
  const names = constraints.map((constraint) => constraint.name);
  const detail = `Table "${table.name}" has no constraint "${name}"${didYouMean(name, names)}`;
  throw new ConstraintNotFound(detail, {
    problems: [{ pointer: context.pointer(field), detail }],
    evidence: { table: table.name, constraint: name },
    action: names.length === 0 ? 'Name another table.' : `Name one of ${names.slice(0, 20).join(', ')}.`,
  });
}
