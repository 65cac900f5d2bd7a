import type { Finding, Severity } from '#migrations/lint/finding.ts';

const commands: Record<Severity, string> = { error: 'error', warning: 'warning', info: 'notice' };

const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** Findings as workflow commands: GitHub Actions shows them beside the lines of a pull request (at most ten of a kind a step). */
export function asGithub(findings: readonly Finding[]): string[] {
  return findings.map(({ file, line, column, range, severity, rule, message, advice, lock }) => {
    const properties = {
      file,
      line: String(line),
      col: String(column),
      endLine: String(Math.max(line, range.end.line)),
      title: `${rule}${lock === null ? '' : ` (${lock.mode})`}`,
    };
    const list = Object.entries(properties).map(([name, value]) => `${name}=${property(value)}`);
    return `::${commands[severity]} ${list.join(',')}::${data(`${message}\n${advice}`)}`;
  });
}
