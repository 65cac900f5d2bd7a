import { z } from 'zod';
import { fittingName } from '../sql/identifiers.ts';
import type { Plan, RowBackup } from './schemas.ts';

// The ways back. All take the schema back; they differ in what becomes of the data written since.

export const RollbackStrategy = z.enum(['revert', 'to_backup', 'schema_only']);
export type RollbackStrategy = z.infer<typeof RollbackStrategy>;

export const StrategyForecast = z.strictObject({
  strategy: RollbackStrategy,
  impossible: z.string().nullable().describe('Why it cannot be asked for; null when it can'),
  writtenSince: z.string().describe('What happens to data written since the migration began'),
});
export type StrategyForecast = z.infer<typeof StrategyForecast>;

/** What a way back would take with it: columns of one table that only the new version has. */
export interface NewForm extends Pick<RowBackup, 'table' | 'key'> {
  columns: { name: string; physical: string }[];
}

/** `_theseus_1a2b3c4d_amount` is the second form of `amount`. */
const shown = (physical: string) => physical.replace(/^_theseus_[0-9a-f]{8}_(?=.)/, '');

/** The data that only the new form holds, a table each: the columns that revert drops, with the key before them. */
export function newForm({ undoLosses }: Pick<Plan, 'undoLosses'>): NewForm[] {
  const tables = new Map(undoLosses.map((one) => [one.table.name, one]));
  return [...tables.values()].map(({ table, key }) => {
    const keys = key.map(({ column }) => column);
    const all = undoLosses.filter((one) => one.table.name === table.name).flatMap(({ columns }) => columns);
    const columns: NewForm['columns'] = keys.map((column) => ({ name: column, physical: column }));
    for (const physical of new Set(all)) {
      if (keys.includes(physical)) continue;
      const name = shown(physical);
      const taken = all.includes(name) || columns.some((column) => column.name === name);
      columns.push({ name: taken ? physical : name, physical });
    }
    return { table, key, columns };
  });
}

/** Where the data of the new form of a table stays: no two migrations share it. */
export const keptName = (migrationId: string, table: string): string =>
  fittingName(`${table}_of_${migrationId}`);

/** Existing tables in change: what they hold is what to_backup restores. */
export const tablesBefore = ({ tables }: Pick<Plan, 'tables'>): Plan['tables'] =>
  tables.filter(({ table }) => table.oid !== null);

type Facts = Pick<Plan, 'operations' | 'tables' | 'undoLosses' | 'data'>;

/** `sql (operation 2)`, or nothing. */
function rawSql({ operations }: Facts): string | null {
  const at = operations.findIndex(({ kind }) => kind === 'sql');
  return at === -1 ? null : `sql (operation ${at + 1})`;
}

function withoutBackup(plan: Facts, backUpRows: boolean): string | null {
  const raw = rawSql(plan);
  if (raw !== null) return `${raw}: which rows its statements change is not known, so none were backed up`;
  if (tablesBefore(plan).length === 0) {
    const kinds = [...new Set(plan.operations.map(({ kind }) => kind))].join(', ');
    return `${kinds}: there were no rows before`;
  }
  return backUpRows ? null : 'No rows are backed up before the change: that is the option backUpRows';
}

function withoutNewForm(plan: Facts): string | null {
  const raw = rawSql(plan);
  if (raw !== null) return `${raw}: what its statements make is not known, so it cannot be kept`;
  if (plan.undoLosses.length > 0) return null;
  const kinds = [...new Set(plan.operations.map(({ kind }) => kind))].join(', ');
  return `${kinds}: the new form holds nothing that the old one does not`;
}

const asRevert = 'A data migration notes what it writes, and revert takes that back';
const ofCopiedRows: StrategyForecast[] = [
  {
    strategy: 'revert',
    impossible: null,
    writtenSince:
      'Rows it inserted are deleted and rows it changed get back what they held, whatever clients wrote into them since',
  },
  { strategy: 'to_backup', impossible: asRevert, writtenSince: asRevert },
  { strategy: 'schema_only', impossible: 'The schema does not change', writtenSince: asRevert },
];

const names = (list: string[]) => list.join(', ');
const about = (rows: number) => `about ${rows.toLocaleString('en-US')} rows`;

/** What each way back means for a plan. `backUpRows`: every row of the tables in change is backed up before expand. */
export function strategiesOf(plan: Facts, backUpRows: boolean): StrategyForecast[] {
  if (plan.data !== undefined) return ofCopiedRows;
  const forms = newForm(plan).map(
    ({ table, columns, key }) =>
      `${names(columns.map(({ name }) => name).slice(key.length))} of ${table.name}`,
  );
  const lost =
    forms.length === 0 ? 'nothing is lost' : `what they cannot hold (${forms.join('; ')}) is backed up first`;
  const before = tablesBefore(plan).map(
    ({ table, estimatedRows }) => `${table.name} (${about(estimatedRows)})`,
  );
  return [
    {
      strategy: 'revert',
      impossible: null,
      writtenSince: `Old columns keep what was written since; ${lost}`,
    },
    {
      strategy: 'to_backup',
      impossible: withoutBackup(plan, backUpRows),
      writtenSince: `Rows become as they were before the change, those deleted since come back: ${names(before) || 'none'}. What that overwrites is backed up; rows added since stay as revert leaves them`,
    },
    {
      strategy: 'schema_only',
      impossible: withoutNewForm(plan),
      writtenSince: `Old columns keep what was written since, as with revert; all data of the new form stays in a table of its own: ${forms.join('; ') || 'none'}`,
    },
  ];
}
