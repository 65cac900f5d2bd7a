import type { Step } from '../../../plan/schemas.ts';
import { qualified, quoteIdentifier } from '../../../sql/identifiers.ts';
import { stands } from './locks.ts';
import type { LongWork } from './long.ts';

/** VALIDATE CONSTRAINT: reads every row while clients write. */
export function validateConstraint(step: Extract<Step, { kind: 'validate' }>): LongWork {
  const { schema, name } = step.table;
  const table = qualified(schema, name);
  return {
    statement: `ALTER TABLE ${table} VALIDATE CONSTRAINT ${quoteIdentifier(step.constraint)}`,
    async isDone(session) {
      const { rows } = await session.query<{ validated: boolean }>(
        `SELECT k.convalidated AS validated FROM pg_constraint k
         JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = $2 AND k.conname = $3`,
        [schema, name, step.constraint],
      );
      return rows[0]?.validated === true || (step.part === true && !(await stands(session, step.table)));
    },
    runningElsewhere: async () => null,
    clear: async () => {},
    progress: async () => null,
  };
}
