import type { Plan } from './schemas.ts';

const takenBack = 'rows it inserted are deleted, rows it changed get back what they held';
const ofCopiedRows = [
  { from: 'plan to lock', how: 'Nothing was changed: it is only given up' },
  { from: 'load to verify', how: `Rollback: ${takenBack}` },
  {
    from: 'complete',
    how: `Undo within the undo window (lossy): ${takenBack}, whatever clients wrote since`,
  },
  { from: 'removal', how: 'No undo; only what was noted for it is removed' },
];

/** What happens to a migration that ends at each point, in words for the reader of its plan. */
export function waysBack(plan: Plan): { from: string; how: string }[] {
  if (plan.data !== undefined) return ofCopiedRows;
  const steps = (count: number) => `${count} step${count === 1 ? '' : 's'}`;
  const losses = plan.undoLosses.map(({ table, columns }) => `${columns.join(', ')} of ${table.name}`);
  const counted =
    losses.length === 0 ? '' : `; what would be lost is counted and backed up first: ${losses.join('; ')}`;
  const refused =
    plan.returning.length === 0
      ? ''
      : `; ${plan.returning.map(({ constraint }) => constraint).join(', ')} may be refused by rows of new clients, and waits for a decision then`;
  return [
    { from: 'plan to lock', how: 'Nothing was changed: it is only given up' },
    {
      from: 'expand to soak',
      how: `Rollback, ${steps(plan.rollback.length)}: schema and old data as before${counted}`,
    },
    {
      from: 'contract',
      how: `Rollback, ${steps(plan.undoContract.length + plan.rollback.length)}: constraints of the old version return first${refused}${counted}`,
    },
    {
      from: 'complete',
      how:
        plan.undo === 'none'
          ? 'No undo: an operation of the file has no way back'
          : `Undo within the undo window (${plan.undo}), the same steps${refused}${counted}`,
    },
    {
      from: 'removal',
      how:
        plan.removalBackups.length === 0
          ? 'No undo; nothing with rows is removed'
          : `No undo; ${plan.removalBackups.map(({ table, columns }) => `${columns.join(', ')} of ${table.name}`).join('; ')} can be restored from the backup into a table`,
    },
  ];
}
