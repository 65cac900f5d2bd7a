import type { RehearsalReport } from '#migrations/rehearsal/report.ts';
import { colours, count, duration, table } from '../output.ts';

const mostLeftOut = 10;

/** A rehearsal as a person reads it: what ran on what, forecast against measured, and what is wrong. */
export function describeRehearsal(report: RehearsalReport): string[] {
  const { copy, verification, failure } = report;
  const rows = copy.rows.map((one) => `${one.table} ${count(one.rows)}`).join(', ');
  const phases = report.phases.map((one) => [
    `  ${one.phase}`,
    one.forecastMs === null ? '' : `${duration(one.forecastMs.low)} to ${duration(one.forecastMs.high)}`,
    one.asForecast === false ? colours.yellow(duration(one.measuredMs)) : duration(one.measuredMs),
    one.rows > 0
      ? `${count(one.rows)} rows`
      : one.longestLockHoldMs > 0
        ? `locks held ${duration(one.longestLockHoldMs)} at most`
        : '',
  ]);
  const left = copy.leftOut.slice(0, mostLeftOut).map((what) => `  not in the copy: ${what}`);
  return [
    report.passed ? colours.green('The rehearsal passed') : colours.red('The rehearsal failed'),
    `  copy: ${rows} rows, made in ${duration(copy.measuredMs)}`,
    ...left,
    ...(phases.length > 0 ? table([['  phase', 'forecast', 'measured', ''], ...phases]) : []),
    `  verified ${count(verification.rowsChecked)} rows, ${verification.wrong} wrong`,
    ...(report.refused === null || report.refused.records === 0
      ? []
      : [
          `  ${count(report.refused.records)} records refused, ${count(report.refused.allowed)} may be; those that refer to rows outside of the sample are`,
          ...report.refused.first.map(({ from, key, why }) => `    ${from} ${key.join(', ')}: ${why}`),
        ]),
    ...report.differences.map((one) => `  not as before: ${one}`),
    ...report.findings.flatMap(({ problem, action }) => [
      `  ${colours.red('✗')} ${problem}`,
      `    ${action}`,
    ]),
    ...(failure === null
      ? []
      : [
          `  ${colours.red('✗')} ${failure.phase}: ${failure.message}`,
          ...(failure.action === null ? [] : [`    ${failure.action}`]),
        ]),
  ];
}
