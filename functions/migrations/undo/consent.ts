import type { MigrationRecord } from '../records.ts';

// What somebody has to agree to before to_backup does it.

/** Rows that to_backup would write over, or bring back, as far as nobody has decided on it. */
export function undecidedRows({ wayBack }: Pick<MigrationRecord, 'wayBack'>): number {
  if (wayBack?.strategy !== 'to_backup' || wayBack.overwriting !== 'undecided') return 0;
  // An estimate of none is no proof that there are none.
  return wayBack.restored.reduce((sum, { expected }) => {
    if (expected === null) return sum;
    const rows = expected.overwritten + expected.broughtBack;
    return sum + (expected.basis === 'estimated' ? Math.max(1, rows) : rows);
  }, 0);
}

/** Whether there is something to count: a way to_backup that nobody decided on, before anything went back. */
export const isToBeCounted = ({ wayBack, phases }: Pick<MigrationRecord, 'wayBack' | 'phases'>): boolean =>
  wayBack?.strategy === 'to_backup' &&
  wayBack.overwriting === 'undecided' &&
  !phases.some(({ name }) => name === 'revert');
