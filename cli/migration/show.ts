import { Command } from 'commander';
import { Migration } from '#migrations/schemas.ts';
import { alertValue } from '../alert/value.ts';
import { call } from '../client.ts';
import { asTyped, colours, count, duration, print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { approvalLines, cannotReturnLines, glassLines, printNext, wayBackLines } from './report.ts';
import { progressLine } from './screen.ts';

function lines(migration: Migration): string[] {
  const { locks, verification, probe } = migration;
  const facts: [string, string][] = [
    ['id', migration.id],
    ['database', `${migration.database.name}, schema ${migration.schema}`],
    [
      'status',
      colours.bold(migration.status.replaceAll('_', ' ')) +
        (migration.phase ? ` (${migration.phase.replaceAll('_', ' ')})` : ''),
    ],
    ['by', `${migration.createdBy}, ${migration.createdAt}`],
  ];
  if (migration.plan) {
    facts.push([
      'plan',
      `${migration.plan.hash.slice(0, 16)}, risk ${migration.plan.risk.level}, undo ${migration.plan.undo}`,
    ]);
  }
  for (const { summary, undo, undoReason } of migration.plan?.operations ?? [])
    facts.push([`undo ${undo}`, `${summary}${undoReason === '' ? '' : `: ${undoReason}`}`]);
  if (migration.clientPath) facts.push(['new clients', `search_path = ${migration.clientPath}`]);
  if (migration.login)
    facts.push(['login', `${migration.login.role}, password in ${migration.login.secretArn}`]);
  if (locks.attempts > 0) {
    facts.push([
      'locks',
      `longest wait ${duration(locks.longestWaitMs)}, longest hold ${duration(locks.longestHoldMs)}, ${locks.attempts} attempts`,
    ]);
  }
  if (verification.rowsChecked > 0) {
    facts.push([
      'verified',
      `${count(verification.rowsChecked)} rows, ${verification.wrong} wrong, ${verification.repaired} repaired`,
    ]);
  }
  if (migration.refused !== null && migration.refused.records > 0)
    facts.push([
      'refused',
      `${count(migration.refused.records)} records: theseus migration errors ${migration.id}`,
    ]);
  for (const { table: name, rows, keys } of migration.unexpected)
    facts.push([
      'unexpected',
      `${count(rows)} rows of ${name} that the source does not give, such as ${keys
        .slice(0, 3)
        .map((key) => key.join('/'))
        .join(', ')}`,
    ]);
  if (probe.p99Ms !== null)
    facts.push([
      'p99 seen',
      `${probe.p99Ms.toFixed(1)} ms${probe.baselineP99Ms === null ? '' : ` (before: ${probe.baselineP99Ms.toFixed(1)} ms)`}`,
    ]);
  for (const { days, from, to, timeZone } of migration.schedule?.windows ?? [])
    facts.push(['window', `${days.join(', ')} ${from}-${to} ${timeZone}`]);
  if (migration.waitsUntil) facts.push(['waits until', migration.waitsUntil]);
  if (migration.status === 'soaking' && migration.soakUntil) facts.push(['soak until', migration.soakUntil]);
  if (migration.removalAt) facts.push(['undo until', migration.removalAt]);
  return table(facts.map(([name, value]) => [colours.dim(name), value]));
}

/** `theseus migration show <id>`: everything about one migration. */
export const migrationShow = (): Command =>
  new Command('show')
    .description('Everything about one migration')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const path = `/migrations/${encodeURIComponent(id)}`;
      const migration = await call(platform, { method: 'GET', path, answer: Migration });
      if (options.json) return printJson(migration);
      for (const line of lines(migration)) print(line);
      for (const line of [...glassLines(migration), ...approvalLines(migration)]) print(line);
      const progress = progressLine(migration);
      if (progress) print(progress);
      for (const alert of migration.alerts) {
        const mark = alert.severity === 'critical' ? colours.red : colours.yellow;
        print(
          `  ${mark(alert.severity ?? 'pending')} ${alert.rule}: ${alertValue(alert)}, since ${alert.since}`,
        );
      }
      for (const phase of migration.phases) {
        const end =
          phase.endedAt === null ? 'now' : duration(Date.parse(phase.endedAt) - Date.parse(phase.startedAt));
        print(`  ${phase.name.replaceAll('_', ' ').padEnd(20)} ${phase.startedAt}  ${end}`);
      }
      for (const line of [...wayBackLines(migration), ...cannotReturnLines(migration)]) print(line);
      for (const { id: backup, rows, table: name } of migration.backups)
        print(`  kept: ${count(rows)} rows of ${name} in ${backup}`);
      for (const difference of migration.differences) print(colours.red(`  ${difference}`));
      for (const error of migration.errors) {
        const tried = error.retries ? ` (tried ${error.retries + 1} times)` : '';
        print(colours.red(`  ${error.at} ${error.name}: ${error.message}${tried}`));
        if (error.action) print(`    ${asTyped(error.action)}`);
      }
      printNext(migration);
    });
