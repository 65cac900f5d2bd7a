import { Command } from 'commander';
import { Backup } from '#migrations/backups/schemas.ts';
import { call } from '../client.ts';
import { asTyped, bytes, colours, count, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';

/** A backup as a person reads it, and what can be done with it. */
export function reportBackup(backup: Backup): void {
  const { id, migration, database, verified, deletion } = backup;
  print(`${id}  ${backup.status}, before the ${backup.purpose} of ${migration.name} (${migration.id})`);
  print(`  ${count(backup.rows)} rows of ${backup.schema}.${backup.table} in ${database.name}`);
  print(`  columns: ${backup.columns.join(', ')}; chosen by: ${backup.key.join(', ') || 'no key'}`);
  print(`  ${bytes(backup.bytes)} in ${backup.parts} parts, made ${backup.at}: ${backup.location}`);
  print(`  kept ${backup.keptUntil === null ? 'until somebody deletes it' : `until ${backup.keptUntil}`}`);
  if (verified?.damage) print(colours.red(`  read ${verified.at}: ${verified.damage}`));
  else print(verified === null ? '  never read since' : `  read ${verified.at}: every row is there`);
  if (deletion !== null) {
    print(`  deleted ${deletion.at} by ${deletion.by}: ${deletion.reason}`);
    return;
  }
  print(asTyped(`theseus backup verify ${id}`));
  print(asTyped(`theseus backup restore ${id} --into <table>`));
}

/** `theseus backup show <id>`. */
export const backupShow = (): Command =>
  new Command('show')
    .description('What a backup holds, how long it is kept, whether it was read since')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const path = `/backups/${encodeURIComponent(id)}`;
      const backup = await call(platform, { method: 'GET', path, answer: Backup });
      if (options.json) return printJson(backup);
      reportBackup(backup);
    });
