import { OperationUnsupported } from '../errors.ts';
import { qualified, quoteIdentifier } from '../sql/identifiers.ts';
import type { FlowGroup } from './groups.ts';
import type { LogicalSchema } from './logical.ts';
import { isTouched } from './notes.ts';
import type { Fill } from './pieces.ts';

/**
 * What the level `strict` does not accept: values that give another result each time, of which only presence could be
 * verified, and constraints of the tables in change that were never checked against all rows. Throws
 * OperationUnsupported naming all of them.
 */
export function refuseUnverifiable(final: LogicalSchema, groups: FlowGroup[], fills: Fill[]): void {
  const flows = groups.flatMap(({ ups, downs }) => [...ups, ...downs]).filter(({ volatile }) => volatile);
  const changing = [...flows, ...fills].map(({ table, target }) => `${target} of ${table.name}`);
  const unchecked = final.tables
    .filter(isTouched)
    .flatMap(({ ref, source }) =>
      (source?.constraints ?? [])
        .filter(({ validated }) => !validated)
        .map(
          ({ name }) =>
            `ALTER TABLE ${qualified(ref.schema, ref.name)} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`,
        ),
    );
  if (changing.length === 0 && unchecked.length === 0) return;
  const details = [
    ...changing.map((what) => `The value of ${what} is another one each time it is computed`),
    ...unchecked.map((statement) => `Not every row was checked against a constraint: ${statement}`),
  ];
  throw new OperationUnsupported('The validation level strict demands that every row can be verified', {
    problems: details.map((detail) => ({ pointer: '/operations', detail })),
    evidence: { volatile: changing, notValid: unchecked },
    action:
      'Use expressions that depend on the row alone, run the VALIDATE statements, or take the level full.',
  });
}
