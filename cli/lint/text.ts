import type { Finding, Severity } from '#migrations/lint/finding.ts';
import { colours, count } from '../output.ts';

const paint: Record<Severity, (text: string) => string> = {
  error: colours.red,
  warning: colours.yellow,
  info: colours.cyan,
};

/** Findings as a person reads them: place, rule, what, how long, what instead; a line of the statement. */
export function asText(findings: readonly Finding[], files: number): string[] {
  const lines = findings.flatMap((one) => {
    const lock =
      one.lock === null
        ? []
        : [`${one.lock.mode}${one.lock.table === null ? '' : ` on ${one.lock.table}`}: ${one.lock.duration}`];
    const kinds = (one.operations ?? []).flatMap((operation) => Object.keys(operation));
    const rewrite =
      kinds.length === 0 ? [] : [`theseus migration rewrite makes of it: ${[...new Set(kinds)].join(', ')}`];
    const [first = ''] = one.statement.split('\n');
    return [
      `${colours.bold(`${one.file}:${one.line}:${one.column}`)} ${paint[one.severity](one.severity)} ${one.rule}`,
      `  ${one.message}`,
      ...(first === '' ? [] : [colours.dim(`  | ${first.slice(0, 160)}`)]),
      ...lock.map((text) => `  lock: ${text}`),
      `  instead: ${one.advice}`,
      ...rewrite.map((text) => `  ${text}`),
      '',
    ];
  });
  const of = (severity: Severity) => findings.filter((one) => one.severity === severity).length;
  const counted = (['error', 'warning', 'info'] as const)
    .map((severity) => ({ severity, number: of(severity) }))
    .filter(({ number }) => number > 0)
    .map(
      ({ severity, number }) =>
        `${count(number)} ${severity}${number === 1 || severity === 'info' ? '' : 's'}`,
    );
  const read = `${count(files)} file${files === 1 ? '' : 's'} read`;
  return [...lines, counted.length === 0 ? `${read}, nothing found` : `${read}: ${counted.join(', ')}`];
}
