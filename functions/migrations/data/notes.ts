import type { Load, Note, Plan } from '../plan/schemas.ts';
import type { Table } from '../plan/snapshot.ts';
import type { DataFile } from './file.ts';

/** A load and the table that it fills. */
interface Draft {
  load: Load;
  table: Table;
}

/** Rows from which a load takes long enough to be planned for. */
const manyRows = 10_000_000;

/** How carefully the plan wants to be read, and why. */
export function riskOf(drafts: Draft[]): Plan['risk'] {
  const filled = drafts.filter(({ table }) => table.estimatedRows > 0);
  const reasons = [
    ...filled.map(({ table }) => `${table.name} has about ${table.estimatedRows} rows already`),
    ...drafts
      .filter(({ load }) => load.estimatedRows >= manyRows)
      .map(({ load }) => `${load.from.name}: about ${load.estimatedRows} rows to read`),
  ];
  return reasons.length > 0
    ? { level: 'medium', reasons }
    : { level: 'low', reasons: ['Empty tables are filled'] };
}

/** What its reader should know, and what must be consented to. */
export function notesOf(file: DataFile, source: { name: string }, loads: Load[], drafts: Draft[]): Note[] {
  const note = (code: string, severity: Note['severity'], operation: number | null, text: string): Note => ({
    code,
    severity,
    operation,
    text,
  });
  const notes: Note[] = [];
  for (const [index, { load, table }] of drafts.entries()) {
    if (table.estimatedRows > 0) {
      notes.push(
        note(
          'rows_overwritten',
          'consent',
          index,
          `${table.name} has rows: those with a key that is loaded are overwritten, and kept for the way back`,
        ),
      );
    }
    if (table.triggers.length > 0) {
      const names = table.triggers.map(({ name }) => name).join(', ');
      notes.push(
        note('triggers_fire', 'warning', index, `Triggers of ${table.name} fire for every row: ${names}`),
      );
    }
    if (load.transform.kind !== 'sql') {
      notes.push(
        note(
          'others_not_looked_for',
          'info',
          index,
          `${load.from.name} is transformed outside the database: its rows are verified, rows of others in ${table.name} are not looked for`,
        ),
      );
    }
  }
  for (const { from, to, deferred } of loads.filter((load) => load.deferred.length > 0)) {
    notes.push(
      note(
        'filled_last',
        'info',
        null,
        `${deferred.join(', ')} of ${to.name} is filled from ${from.name} when all rows are there`,
      ),
    );
  }
  notes.push(
    file.strategy === 'incremental'
      ? note(
          'deletes_not_seen',
          'warning',
          null,
          'Only changed rows are read: what was deleted in the source stays in the target',
        )
      : note(
          'not_kept_in_step',
          'info',
          null,
          `Rows of ${source.name} that change after verification are not followed`,
        ),
  );
  return notes;
}
