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
  if (migration.status === 'waiting_for_decision')
    for (const line of cannotReturnLines(migration)) print(line);
  printNext(migration);
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

/** The commands that fit now, a line each. */
export const nextLines = (migration: Migration): string[] =>
  migration.next.map((next) => `  ${colours.cyan(asTyped(next.command))}  ${colours.dim(next.why)}`);

export function printNext(migration: Migration): void {
  for (const line of nextLines(migration)) print(line);
}
