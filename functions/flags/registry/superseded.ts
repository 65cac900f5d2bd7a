import { deleteArtifact } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import type { EnvironmentRecord, Superseded } from '../records.ts';

// Objects that a change left behind. The history of flags is in the table: nobody reads a former snapshot or document but
// whoever read the record a moment before it changed.

/** Whoever read the record before has read its objects by then, ms. */
const graceMs = 3_600_000;
/** More are not written down: many changes in an hour shorten the grace of the oldest. */
const mostKept = 200;

/** What is left behind once a record was changed, and which of it may go. */
export function afterChange({
  snapshot,
  document,
  superseded,
}: Pick<EnvironmentRecord, 'snapshot' | 'document' | 'superseded'>): {
  kept: Superseded[];
  gone: string[];
} {
  const at = clock.iso();
  const left = [snapshot, document].flatMap((one) => (one === null ? [] : [{ key: one.key, at }]));
  const all = [...superseded, ...left];
  const due = all.filter((one) => clock.now() - Date.parse(one.at) >= graceMs).length;
  const drop = Math.max(due, all.length - mostKept);
  return { kept: all.slice(drop), gone: all.slice(0, drop).map(({ key }) => key) };
}

/** Whether a record names an object, as what counts or as what it left behind: then its change was made. */
export const names = (
  { snapshot, superseded }: Pick<EnvironmentRecord, 'snapshot' | 'superseded'>,
  key: string,
): boolean => snapshot?.key === key || superseded.some((one) => one.key === key);

/** Deletes objects that the record names no more. What is cut off here stays in the bucket, and harms nobody. */
export async function deleteObjects(keys: readonly string[]): Promise<void> {
  await Promise.allSettled(keys.map(deleteArtifact));
}
