import type { Load, Note, Plan } from '../plan/schemas.ts';
import type { Table } from '../plan/snapshot.ts';
import type { DataFile } from './file.ts';

/** A load and the table that it fills. */
interface Draft {
  load: Load;
  table: Table;
  /** It has rows already. */
  filled: boolean;
}

/** Rows from which a load takes long enough to be planned for. */
const manyRows = 10_000_000;

/** How carefully the plan wants to be read, and why. */
export function riskOf(drafts: Draft[]): Plan['risk'] {
  const filled = drafts.filter((draft) => draft.filled);
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
  for (const [index, { table, filled }] of drafts.entries()) {
    if (filled) {
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
  const remembered = new Set(loads.flatMap((load) => (load.remembered === undefined ? [] : [load.to.name])));
  for (const name of remembered) {
    notes.push(
      note(
        'others_by_key',
        'info',
        null,
        `${name}: keys of the rows that are given are kept (theseus.given), and at the end all keys of the table are looked up, to find rows of others; --validation basic leaves that out`,
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
