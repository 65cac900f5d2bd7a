import type { Snapshot } from '../../../plan/snapshot.ts';
import type { Session } from '../connection.ts';

type FragileStatement = Snapshot['fragileStatements'][number];

const shapes: { pattern: RegExp; reason: string }[] = [
  { pattern: /^\s*copy\s+[^\s(]+\s+(from|to)\b/i, reason: 'COPY without a list of columns' },
  { pattern: /^\s*insert\s+into\s+[^\s(]+\s+(select|values)\b/i, reason: 'INSERT without a list of columns' },
  {
    pattern:
      /\bselect\s+(\w+\.)?\*[\s\S]*\b(union|intersect|except)\b|\b(union|intersect|except)\b[\s\S]*\bselect\s+(\w+\.)?\*/i,
    reason: 'a set operation over SELECT *',
  },
  { pattern: /\breturning\s+(\w+\.)?\*/i, reason: 'RETURNING *: fails once where it is prepared' },
  {
    pattern: /^\s*(with\b[\s\S]*)?select\s+(\w+\.)?\*/i,
    reason: 'SELECT *: fails once where it is prepared',
  },
];

/** Why an added column would break a statement of a client, or null. */
export function fragility(query: string): string | null {
  return shapes.find(({ pattern }) => pattern.test(query))?.reason ?? null;
}

const mostStatements = 100;

/**
 * Clients' statements that name one of the tables and that an added column would break, most called first.
 * Empty where pg_stat_statements is not there or may not be read.
 */
export async function fragileStatements(session: Session, tables: string[]): Promise<FragileStatement[]> {
  const { rows: where } = await session.query<{ view: string | null }>(
    `SELECT format('%I.pg_stat_statements', n.nspname) AS view FROM pg_extension e
     JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`,
  );
  const view = where[0]?.view;
  if (view == null || tables.length === 0) return [];
  // A refusal must not end the transaction in which the catalogue is read.
  await session.query('SAVEPOINT fragile');
  try {
    const { rows } = await session.query<{ query: string; calls: string }>(
      `SELECT left(query, 500) AS query, sum(calls)::text AS calls FROM ${view}
       WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND query ~* '(\\*|^\\s*copy|^\\s*insert)' GROUP BY 1 ORDER BY sum(calls) DESC LIMIT 1000`,
    );
    const named = new RegExp(`(^|[^\\w])(${tables.map(escapePattern).join('|')})($|[^\\w])`, 'i');
    return rows
      .flatMap(({ query, calls }) => {
        const reason = named.test(query) ? fragility(query) : null;
        return reason === null ? [] : [{ query, reason, calls: Number(calls) }];
      })
      .slice(0, mostStatements);
  } catch {
    await session.query('ROLLBACK TO SAVEPOINT fragile');
    return [];
  }
}

const escapePattern = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
