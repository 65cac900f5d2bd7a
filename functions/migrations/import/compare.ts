import type {
  AppliedMigration,
  ImportedMigration,
  ImportReport,
  ImportTool,
  MigrationFileEntry,
  OutOfOrder,
} from './schemas.ts';

/** Tools that apply strictly in the order of their files; Liquibase's order is in its root changelog. */
const ordered = new Set<ImportTool>(['flyway', 'prisma', 'drizzle', 'pgroll']);
const mostNamed = 5;

/** A migration that was applied, beside its file if there is one. */
function applied(
  row: AppliedMigration,
  file: MigrationFileEntry | undefined,
  compared: boolean,
): ImportedMigration {
  const { id, name, at } = row;
  const about = { id, name: file?.name ?? name, path: file?.path ?? null, at };
  const same = file !== undefined && file.checksum !== null && file.checksum === row.checksum;
  if (row.state === 'failed') return { ...about, state: 'failed', verified: false };
  if (file === undefined)
    return { ...about, state: compared && row.hasFile ? 'missing' : 'applied', verified: false };
  const differs = file.checksum !== null && row.checksum !== null && !same;
  if (!differs) return { ...about, state: 'applied', verified: same };
  return { ...about, state: file.repeatable ? 'pending' : 'changed', verified: false };
}

const said: Record<string, string> = {
  missing: 'applied, and have no file',
  changed: 'not what was applied',
  failed: 'failed half-way',
  out_of_order: 'pending, although later ones are applied',
};

/**
 * A tool's history beside its files: what is applied, pending, missing, changed or out of order. `files` are in the
 * tool's order; null when there are none to compare with. What the tool would refuse is a problem here too.
 */
export function compareHistory(
  tool: ImportTool,
  history: readonly AppliedMigration[],
  files: readonly MigrationFileEntry[] | null,
  outOfOrder: OutOfOrder,
): ImportReport {
  const known = new Map((files ?? []).map((file) => [file.id, file]));
  const rows = new Set(history.map(({ id }) => id));
  const migrations = history.map((row) => applied(row, known.get(row.id), files !== null));
  const last = (files ?? []).findLastIndex(({ id, repeatable }) => rows.has(id) && !repeatable);
  for (const [at, { id, name, path, repeatable }] of (files ?? []).entries()) {
    if (rows.has(id)) continue;
    const late = ordered.has(tool) && !repeatable && at < last;
    migrations.push({ id, name, path, state: late ? 'out_of_order' : 'pending', verified: false, at: null });
  }
  const complaints = (['failed', 'missing', 'changed', 'out_of_order'] as const).flatMap((state) => {
    const names = migrations.filter((one) => one.state === state).map(({ name }) => name);
    const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
    return names.length === 0
      ? []
      : [{ state, text: `${names.slice(0, mostNamed).join(', ')}${more}: ${said[state]}` }];
  });
  const texts = (kept: (state: string) => boolean) =>
    complaints.filter(({ state }) => kept(state)).map(({ text }) => text);
  return {
    tool,
    migrations,
    problems: texts((state) => state !== 'out_of_order' || outOfOrder === 'refuse'),
    warnings: texts((state) => state === 'out_of_order' && outOfOrder === 'warn'),
  };
}
