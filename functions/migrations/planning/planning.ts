import { readArtifact } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { artifactKeys, writePlan } from '../artifacts.ts';
import { parseBlueGreenFile } from '../blue-green/file.ts';
import { planMove, problemsOfMove } from '../blue-green/planning.ts';
import { parseDataFile } from '../data/file.ts';
import { withTarget } from '../databases/target.ts';
import type { Finding } from '../engines/engine.ts';
import { isDataFile, parseMigrationFile, readFileText } from '../file/parse.ts';
import { planData } from '../loading/plan-data.ts';
import { type Change, changeMigration } from '../migration-store.ts';
import { planHash } from '../plan/hash.ts';
import { createPlan } from '../plan/plan.ts';
import type { Plan } from '../plan/schemas.ts';
import type { MigrationRecord } from '../records.ts';
import { calledNames } from '../sql/called-names.ts';
import { summaryOf } from './plan-summary.ts';

/** A migration that is planned: stored, or only asked about. */
export type Asked = Pick<MigrationRecord, 'id' | 'databaseId' | 'schema' | 'fileName' | 'options'>;

/** What the file means for the database as it is now. */
export async function planNow(record: Asked, text: string): Promise<Plan> {
  if (isDataFile(readFileText(text))) {
    return planData(record, parseDataFile(text, { fileName: record.fileName }));
  }
  const move = parseBlueGreenFile(text, record.fileName);
  if (move !== undefined) return planMove(move, record);
  const file = parseMigrationFile(text, { fileName: record.fileName });
  const snapshot = await withTarget(record, 'plan', (engine) =>
    engine.snapshot(record.schema, calledNames(file)),
  );
  return createPlan({
    file,
    snapshot,
    login: record.options.loginRole,
    allViews: record.options.allViews,
    strict: record.options.validationLevel === 'strict',
  });
}

/** Time for reading rows while a person waits for the plan, ms. */
const findingsMs = 10_000;

/** What stands in the way today. What could not be read in this short time is left to the start, which looks again. */
export async function findProblems(record: Asked, plan: Plan, signal: AbortSignal): Promise<Finding[]> {
  if (plan.blueGreen !== undefined) return problemsOfMove(plan, record);
  const until = clock.now() + findingsMs;
  const { pacing, diskFreeBytes } = record.options;
  const findings = await withTarget(record, 'plan', (engine) =>
    engine.validate(plan, { signal, until, pacing, diskFreeBytes }),
  );
  return findings.filter(({ code }) => !code.endsWith('_not_checked'));
}

/** Keeps a plan and shows it in the record of a migration that waits for one. Returns its hash. */
export async function keepPlan(record: MigrationRecord, plan: Plan, findings: Finding[]): Promise<string> {
  const { hash, change } = await storePlan(record, plan, findings);
  await changeMigration(record.id, ({ status }) => (status === 'planning' ? change : undefined));
  return hash;
}

/** Stores a plan in the bucket. Returns its hash, and what it changes in the record of the migration that waits for it. */
export async function storePlan(
  record: Pick<MigrationRecord, 'id' | 'createdBy'>,
  plan: Plan,
  findings: Finding[],
): Promise<{ hash: string; change: Change }> {
  const hash = planHash(plan);
  const planKey = artifactKeys.plan(record.id, hash);
  await writePlan(planKey, plan);
  const change: Change = {
    set: { status: 'planned', planKey, plan: summaryOf(plan, hash, findings) },
    events: [{ type: 'migration.planned', actor: record.createdBy, data: { hash } }],
  };
  return { hash, change };
}

/** Plans a new migration and looks at what stands in its way. Returns the plan's hash. */
export async function decidePlan(record: MigrationRecord, signal: AbortSignal): Promise<string> {
  const plan = await planNow(record, await readArtifact(record.fileKey));
  return keepPlan(record, plan, await findProblems(record, plan, signal));
}
