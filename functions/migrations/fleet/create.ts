import { writeArtifact } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { ServiceUnavailable, TheseusError } from '#platform/errors.ts';
import { artifactKeys } from '../artifacts.ts';
import { planMigration } from '../databases/connector-calls.ts';
import { findDatabase } from '../databases/databases.ts';
import { approvalRule, approvers } from '../decisions/policy.ts';
import { parseMigrationFile } from '../file/parse.ts';
import { createMigration, forgetMigration, readMigration } from '../migration-store.ts';
import { newRecord } from '../records.ts';
import type { FleetRecord, FleetTarget } from './records.ts';
import { type Permit, resolveTargets } from './resolve.ts';
import type { NewFleet } from './schemas.ts';
import { createFleet, migrationIdOf, readFleet } from './store.ts';
import { writeTargetList } from './target-list.ts';

/**
 * Resolves the targets once, plans the first of them as a sample, and stores the fleet. Changes nothing in any database.
 * What cannot be planned is refused with its reason and not kept.
 */
export async function planFleet(
  id: string,
  body: NewFleet,
  { by, requestId, permit }: { by: string; requestId: string; permit: Permit },
): Promise<FleetRecord> {
  const { name } = parseMigrationFile(body.file, { fileName: body.fileName });
  const { targets, waves } = await resolveTargets(body.targets, body.waves, { requestId, permit });
  const fileKey = artifactKeys.fleetFile(id);
  await writeArtifact(fileKey, body.file, 'text/plain; charset=utf-8');
  await writeTargetList(id, targets);
  const sample = await planSample(id, targets[0], { name, fileKey, body, by, requestId });
  const at = clock.iso();
  await createFleet({
    schemaVersion: 1,
    version: 1,
    id,
    name,
    fileName: body.fileName,
    fileKey,
    selection: body.targets,
    options: body.options,
    consents: body.consents,
    status: 'planned',
    targets: targets.length,
    waves,
    wave: 0,
    concurrency: body.concurrency,
    bakeSeconds: body.bakeSeconds,
    largeRows: body.largeRows,
    approvalRule: approvalRule(),
    approvers: approvers(),
    halt: body.halt,
    sample,
    approval: null,
    approvals: [],
    breakGlass: [],
    halted: null,
    overruled: {},
    bakeUntil: null,
    undo: null,
    execution: null,
    failure: null,
    createdAt: at,
    createdBy: by,
    updatedAt: at,
    startedAt: null,
    endedAt: null,
    outbox: [
      {
        sequence: 0,
        at,
        type: 'fleet.created',
        actor: by,
        data: { fileName: body.fileName, targets: targets.length },
      },
    ],
    nextSequence: 1,
  });
  return readFleet(id);
}

/** The first target's own migration, planned: it is the one that the canary runs. */
async function planSample(
  fleetId: string,
  target: FleetTarget | undefined,
  asked: { name: string; fileKey: string; body: NewFleet; by: string; requestId: string },
): Promise<FleetRecord['sample']> {
  if (target === undefined) throw new Error('a fleet has a target');
  const { name, fileKey, body, by, requestId } = asked;
  const database = await findDatabase(target.databaseId);
  const id = migrationIdOf(fleetId, target, 1);
  const { fileName, options, consents } = body;
  const record = newRecord({
    id,
    name,
    database: { id: database.id, name: database.name, schema: target.schema },
    body: { fileName, options: { ...options, soakSeconds: 0 }, consents },
    fileKey,
    by,
    at: clock.iso(),
  });
  await createMigration(record);
  try {
    const decided = await planMigration(id, database, requestId);
    const { plan } = await readMigration(id);
    if (decided === 'decided' && plan !== null) {
      return { migrationId: id, database: target.database, schema: target.schema, plan };
    }
  } catch (error) {
    if (error instanceof TheseusError) await forgetMigration(await readMigration(id));
    throw error;
  }
  await forgetMigration(await readMigration(id));
  throw new ServiceUnavailable(`Planning for ${target.database}/${target.schema} took longer than 20 s`, {
    action: 'Repeat the request when the database is calmer.',
  });
}
