import type { Finding } from '../engines/engine.ts';
import type { Plan } from '../plan/schemas.ts';
import type { PlanSummary } from '../schemas.ts';

/** What lists and records keep of a plan; the whole is in the bucket. */
export function summaryOf(plan: Plan, hash: string, findings: Finding[]): PlanSummary {
  return {
    hash,
    versionSchema: plan.versionSchema,
    previousVersion: plan.previousVersion,
    risk: plan.risk,
    undo: plan.undo,
    notes: plan.notes,
    operations: plan.operations.map(({ kind, summary, undo, undoReason }) => ({
      kind,
      summary,
      undo,
      undoReason,
    })),
    tables: plan.tables.map(({ table, estimatedRows }) => ({ name: table.name, estimatedRows })),
    findings: findings.slice(0, 20),
  };
}
