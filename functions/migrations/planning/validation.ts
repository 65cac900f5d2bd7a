import { problemsOfMove } from '../blue-green/planning.ts';
import { withTarget } from '../databases/target.ts';
import type { RunOptions } from '../engines/engine.ts';
import { ValidationFailed } from '../errors.ts';
import type { Plan } from '../plan/schemas.ts';
import type { MigrationRecord } from '../records.ts';

/** Looks at rights, data and connections before anything is changed. Throws ValidationFailed with every finding. */
export async function assertValid(record: MigrationRecord, plan: Plan, options: RunOptions): Promise<void> {
  const { pacing, diskFreeBytes } = record.options;
  const findings =
    plan.blueGreen !== undefined
      ? await problemsOfMove(plan, record)
      : await withTarget(record, 'validate', (engine) =>
          engine.validate(plan, { ...options, pacing, diskFreeBytes }),
        );
  const first = findings[0];
  if (first === undefined) return;
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
  throw new ValidationFailed(`${first.problem}${more}`, {
    evidence: { findings: findings.slice(0, 20) },
    action: first.action,
  });
}
