import { PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { artifactsBucket, readArtifact, writeArtifact } from '#platform/artifacts.ts';
import { s3 } from '#platform/clients.ts';
import { NotFound, RecordUnreadable } from '#platform/errors.ts';
import { Plan } from './plan/schemas.ts';

/** What is too large for the table: files, plans, definitions. Every key of the bucket but backups is built here. */
export const artifactKeys = {
  file: (migration: string) => `migrations/${migration}/file`,
  plan: (migration: string, hash: string) => `migrations/${migration}/plan-${hash}.json`,
  rehearsal: (migration: string, rehearsal: string) => `migrations/${migration}/rehearsals/${rehearsal}.json`,
  rehearsalState: (migration: string, rehearsal: string) =>
    `migrations/${migration}/rehearsals/${rehearsal}-state.json`,
  definitions: (migration: string) => `migrations/${migration}/definitions.json`,
  schemaShape: (database: string, schema: string, hash: string) =>
    `databases/${database}/schemas/${encodeURIComponent(schema)}/${hash}.json`,
  importedHistory: (database: string, schema: string, tool: string) =>
    `databases/${database}/imports/${encodeURIComponent(schema)}/${tool}.json`,
  drift: (database: string, schema: string, hash: string) =>
    `databases/${database}/drift/${encodeURIComponent(schema)}/${hash}.json`,
  fleetFile: (fleet: string) => `fleets/${fleet}/file`,
  fleetTargets: (fleet: string, part: number) => `fleets/${fleet}/targets-${part}.jsonl`,
  fleetWave: (fleet: string, run: string) => `fleets/${fleet}/wave-${run}.jsonl`,
};

export async function writeJson(key: string, value: unknown): Promise<void> {
  await writeArtifact(key, JSON.stringify(value), 'application/json');
}

/** Writes an object unless there is one already: the first counts. */
export async function writeJsonOnce(key: string, value: unknown): Promise<void> {
  try {
    await s3().send(
      new PutObjectCommand({
        Bucket: artifactsBucket(),
        Key: key,
        Body: JSON.stringify(value),
        ContentType: 'application/json',
        IfNoneMatch: '*',
      }),
    );
  } catch (error) {
    if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 412) throw error;
  }
}

/** Throws NotFound, RecordUnreadable. */
export async function readJson<T extends z.ZodType>(schema: T, key: string): Promise<z.output<T>> {
  const text = await readArtifact(key);
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new RecordUnreadable(`The object ${key} has an unknown form`, { evidence: { key }, cause });
  }
}

/** Plans never change under their key, so a warm function reads each once. */
const plans = new Map<string, Plan>();
const keptPlans = 20;

/** The plan of a migration. Throws NotFound, RecordUnreadable. */
export async function readPlan(record: { id: string; planKey: string | null }): Promise<Plan> {
  if (record.planKey === null) {
    throw new NotFound(`Migration ${record.id} has no plan`, {
      evidence: { id: record.id },
      action: `Look at why: theseus migration show ${record.id}`,
    });
  }
  const known = plans.get(record.planKey);
  if (known !== undefined) return known;
  const plan = await readJson(Plan, record.planKey);
  keepInMemory(record.planKey, plan);
  return plan;
}

/** Stores a plan under its key, for good. */
export async function writePlan(key: string, plan: Plan): Promise<void> {
  await writeJson(key, plan);
  keepInMemory(key, plan);
}

function keepInMemory(key: string, plan: Plan): void {
  const oldest = plans.keys().next().value;
  if (plans.size >= keptPlans && oldest !== undefined) plans.delete(oldest);
  plans.set(key, plan);
}
