import type { Finding, Severity } from '#migrations/lint/finding.ts';
import { ruleById, rules } from '#migrations/lint/registry.ts';
import type { Rule } from '#migrations/lint/rule.ts';

const levels: Record<Severity, string> = { error: 'error', warning: 'warning', info: 'note' };

function descriptor({ id, title, why, advice, severity, lock }: Rule) {
  const help = `${why}\n\nInstead: ${advice}`;
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: help, markdown: help },
    defaultConfiguration: { level: levels[severity] },
    ...(lock === null ? {} : { properties: { lock } }),
  };
}

/** Characters that a URI reference may not hold as they are; slashes stay. */
const uri = (path: string) => path.split('/').map(encodeURIComponent).join('/');

function result(finding: Finding, shown: readonly Rule[]) {
  const { range, line, column, lock } = finding;
  const held = lock === null ? '' : `\n${lock.mode}: ${lock.duration}.`;
  return {
    ruleId: finding.rule,
    ruleIndex: shown.findIndex(({ id }) => id === finding.rule),
    level: levels[finding.severity],
    message: { text: `${finding.message}${held}\nInstead: ${finding.advice}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uri(finding.file) },
          region: {
            startLine: line,
            startColumn: column,
            endLine: Math.max(line, range.end.line),
            endColumn: range.end.line > line ? range.end.column : Math.max(column, range.end.column),
            ...(finding.statement === '' ? {} : { snippet: { text: finding.statement } }),
          },
        },
      },
    ],
  };
}

/** Findings as one SARIF 2.1.0 log, for code scanning. */
export function asSarif(findings: readonly Finding[]) {
  const used = new Set(findings.map(({ rule }) => ruleById.get(rule)));
  const shown = rules.filter((rule) => used.has(rule));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'theseus', rules: shown.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => result(finding, shown)),
      },
    ],
  };
}
