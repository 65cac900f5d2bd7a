import { resolve } from 'node:path';
import { colours, count, duration, print } from '../cli/output.ts';
import type { Measurements } from './report.ts';

/** What was measured, on the terminal: the same figures as in the report. */
export function printSummary(m: Measurements): void {
  const { failures } = m;
  const wrongRows = m.checks.reduce((sum, check) => sum + check.wrongRows, 0);
  const good = (ok: boolean, text: string) => (ok ? colours.green(text) : colours.red(text));
  print(colours.bold('\nWhat was measured'));
  print(
    `  failed requests      ${good(failures.length === 0, String(failures.length))} of ${count(m.requests)}`,
  );
  print(
    `  p99                  ${m.before.p99} ms before, ${m.during.p99} ms during${m.afterPublish.requests === 0 ? '' : `, ${m.afterPublish.p99} ms with both versions`}`,
  );
  print(
    `  backfill             ${count(m.backfill.rows)} rows, ${count(m.backfill.rowsPerSecond)} rows/s, ${count(m.backfill.chunks)} chunks`,
  );
  print(
    `  locks                longest wait ${duration(m.locks.longestWaitMs)}, longest hold ${duration(m.locks.longestHoldMs)}`,
  );
  print(`  verified             ${count(m.verify.rows)} rows by the product, ${m.verify.repaired} repaired`);
  print(
    `  checked by the model ${good(wrongRows === 0, `${wrongRows} wrong`)} of ${count(m.checks.reduce((sum, check) => sum + check.rows, 0))} rows read`,
  );
  print(
    `  for contrast         ${m.contrast.statement} held the table for ${duration(m.contrast.durationMs)}; requests waited up to ${duration(m.contrast.traffic.longest)}, ${m.contrast.traffic.failed} failed`,
  );
  for (const wrong of m.checks.flatMap((check) => check.wrong).slice(0, 10)) print(colours.red(`  ${wrong}`));
  for (const message of new Set(failures.slice(0, 10))) print(colours.red(`  ${message}`));
  print(`  The report with charts: ${resolve('report.html')}`);
}
