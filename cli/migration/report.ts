import type { Migration } from '#migrations/schemas.ts';
import { asTyped, colours, print, printJson } from '../output.ts';

/** One line of where a migration stands, and the commands that fit now. */
export function reportMigration(migration: Migration, { json }: { json?: boolean }): void {
  if (json) {
    printJson(migration);
    return;
  }
  print(
    `${migration.id}  ${migration.name}  ${colours.bold(migration.status)}${migration.phase ? ` (${migration.phase})` : ''}`,
  );
  printNext(migration);
}

/** The commands that fit now, a line each. */
export const nextLines = (migration: Migration): string[] =>
  migration.next.map((next) => `  ${colours.cyan(asTyped(next.command))}  ${colours.dim(next.why)}`);

export function printNext(migration: Migration): void {
  for (const line of nextLines(migration)) print(line);
}
