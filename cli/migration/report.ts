import type { Migration } from '#migrations/schemas.ts';
import { colours, print, printJson } from '../output.ts';

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

export function printNext(migration: Migration): void {
  for (const next of migration.next)
    print(`  ${colours.cyan(`npx ${next.command}`)}  ${colours.dim(next.why)}`);
}
