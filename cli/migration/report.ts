import type { Migration } from '#migrations/schemas.ts';
import { asTyped, colours, count, print, printJson } from '../output.ts';

/** One line of where a migration stands, and the commands that fit now. */
export function reportMigration(migration: Migration, { json }: { json?: boolean }): void {
  if (json) {
    printJson(migration);
    return;
  }
  print(
    `${migration.id}  ${migration.name}  ${colours.bold(migration.status)}${migration.phase ? ` (${migration.phase})` : ''}`,
  );
  for (const line of [...glassLines(migration), ...approvalLines(migration)]) print(line);
  for (const line of wayBackLines(migration)) print(line);
  if (migration.status === 'waiting_for_decision')
    for (const line of cannotReturnLines(migration)) print(line);
  printNext(migration);
}

/** Who went past approvals and windows, and why. */
export const glassLines = ({ breakGlass }: Pick<Migration, 'breakGlass'>): string[] =>
  breakGlass.map(
    ({ by, at, reason, action }) => `  ${colours.red('broken glass')} ${action} by ${by} at ${at}: ${reason}`,
  );

/** How many have approved a plan that needs more than one person, or waits, and who is missing. */
export function approvalLines({ approval }: Pick<Migration, 'approval'>): string[] {
  if (approval === null || (approval.missing === 0 && approval.given.length === 0)) return [];
  const by = approval.given.length === 0 ? '' : ` (${approval.given.map((one) => one.by).join(', ')})`;
  const missing =
    approval.missing === 0
      ? ''
      : `; ${approval.missing} missing${approval.notCounted.length === 0 ? '' : `, from others than ${approval.notCounted.join(', ')}`}`;
  return [`  approvals: ${approval.given.length} of ${approval.needed}${by}${missing}`];
}

const mostKeys = 3;

/** What keeps the old version from coming back as it was, a line for each table or constraint. */
export function cannotReturnLines(migration: Migration): string[] {
  const losses = (migration.losses ?? []).map(
    ({ rows, table: name, columns }) => `${count(rows)} rows of ${name} (${columns.join(', ')})`,
  );
  const constraints = migration.cannotReturn.map((one) => {
    const keys = one.sample.slice(0, mostKeys).map((key) => key.join('/'));
    const more = one.rows > keys.length && keys.length > 0 ? ', …' : '';
    const which = keys.length === 0 ? '' : `, key ${keys.join(', ')}${more}`;
    const decided = one.decision === 'not_valid' ? '; came back NOT VALID, for new rows only' : '';
    return `${one.constraint} of ${one.table}: ${one.reason} (${count(one.rows)} rows${which})${decided}`;
  });
  return [...losses, ...constraints].map((line) => `  cannot return: ${line}`);
}

/** How a migration is or was taken back, and where its rows went; nothing where nobody asked for it. */
export function wayBackLines({ wayBack }: Migration): string[] {
  if (wayBack === null) return [];
  const kept = wayBack.kept.map(({ table: name, into, key, rows }) => {
    const where = `${into.schema}.${into.table} (key: ${key.join(', ') || 'none'})`;
    return `  ${rows === null ? 'will keep' : `kept ${count(rows)} rows of`} ${name} in ${where}`;
  });
  const restored = wayBack.restored.map((one) => {
    if (one.overwritten === null)
      return `  will restore ${count(one.rows)} rows of ${one.table} from ${one.backup}`;
    const refused = (one.refused ?? 0) === 0 ? '' : `, ${count(one.refused ?? 0)} refused: ${one.reason}`;
    return `  restored ${one.table} from ${one.backup}: ${count(one.overwritten)} rows overwritten, ${count(one.broughtBack ?? 0)} brought back${refused}`;
  });
  return [`  ${wayBack.strategy}: ${wayBack.writtenSince}`, ...kept, ...restored];
}

/** The commands that fit now, a line each. */
export const nextLines = (migration: Migration): string[] =>
  migration.next.map((next) => `  ${colours.cyan(asTyped(next.command))}  ${colours.dim(next.why)}`);

export function printNext(migration: Migration): void {
  for (const line of nextLines(migration)) print(line);
}
