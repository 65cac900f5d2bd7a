import type { Finding } from '../finding.ts';
import { type LintOptions, lint } from '../lint.ts';

/** Findings of a text, as most tests ask for them: PostgreSQL 14, no transaction. */
export const findings = (sql: string, options: Partial<LintOptions> = {}): Promise<Finding[]> =>
  lint(sql, { file: 'a.sql', postgresVersion: 14, transaction: 'none', ...options });

/** Which rules found something, each once, in the order of the text. */
export async function rulesFor(sql: string, options: Partial<LintOptions> = {}): Promise<string[]> {
  return [...new Set((await findings(sql, options)).map(({ rule }) => rule))];
}
