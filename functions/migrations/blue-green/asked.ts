import { InvalidInput } from '#platform/errors.ts';
import type { FoundTable, SideFacts } from './facts.ts';
import type { BlueGreenFile } from './file.ts';

/** What a plan is made of: the file, and what both sides were found to be. */
export interface Asked {
  file: BlueGreenFile;
  schema: string;
  source: string;
  target: { id: string; name: string };
  blue: SideFacts;
  green: SideFacts;
}

/** Of a version as server_version_num has it. */
export const major = (version: number): number => Math.floor(version / 10_000);

/** Tables whose rows go along: those named, or all that can; partitions go with their table. Throws InvalidInput. */
export function followed({ file, blue }: Pick<Asked, 'file' | 'blue'>): FoundTable[] {
  const whole = blue.tables.filter(({ kind, partition }) => !partition && (kind === 'r' || kind === 'p'));
  const unknown = (file.tables ?? []).filter((name) => !whole.some((table) => table.name === name));
  if (unknown.length > 0) {
    throw new InvalidInput(`The schema has no table ${unknown.join(', ')}`, {
      problems: unknown.map((name) => ({
        pointer: `/tables/${file.tables?.indexOf(name) ?? 0}`,
        detail: `${name} is not a table of the schema, or is a partition of one`,
      })),
      evidence: { tables: unknown },
      action: 'Correct the names; partitions go along with their table.',
    });
  }
  const wanted = file.tables === undefined ? whole : whole.filter(({ name }) => file.tables?.includes(name));
  return wanted.filter(({ persistent }) => persistent);
}
