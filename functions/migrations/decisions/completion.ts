import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { readJson, readPlan } from '../artifacts.ts';
import { forgetLogin } from '../databases/login.ts';
import { withTarget } from '../databases/target.ts';
import type { Engine } from '../engines/engine.ts';
import { DatabaseUnreachable, ExecutionSuperseded } from '../errors.ts';
import { assertWanted, phasesAfter } from '../executions/history.ts';
import { remembered } from '../executions/memory.ts';
import { releaseSchemaLock } from '../executions/schema-lock.ts';
import { type Change, changeMigration, knownMigration } from '../migration-store.ts';
import { changeMarker } from '../monitoring/changes.ts';
import { learnPace } from '../planning/measured-pace.ts';
import type { MigrationRecord } from '../records.ts';
import { keepShape, keepVersion } from '../schema-versions/drift.ts';

export type Outcome = 'completed' | 'rolled_back' | 'undone' | 'removed';

const mostDifferences = 20;

/** Paths at which two JSON values differ, `/tables/0/columns/1` and the like; at most 20. */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  if (Object.is(before, after)) return [];
  const both = [before, after];
  if (!both.every((value) => typeof value === 'object' && value !== null)) return [path || '/'];
  const [left, right] = both.map((value) => new Map(Object.entries(value ?? {})));
  const names = new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])]);
  return [...names]
    .flatMap((name) => differences(left?.get(name), right?.get(name), `${path}/${name}`))
    .slice(0, mostDifferences);
}

const Definitions = z.record(z.string(), z.unknown());
/** When definitions were read is no part of what they say. */
const withoutTime = ({ at: _at, ...definitions }: z.infer<typeof Definitions>) => definitions;

/** What is not as it was before the migration; nothing to compare with gives nothing. */
async function changedDefinitions(engine: Engine, record: MigrationRecord): Promise<string[]> {
  if (record.definitionsKey === null) return [];
  const before = await readJson(Definitions, record.definitionsKey);
  const now = Definitions.parse(JSON.parse(JSON.stringify(await engine.definitions(await readPlan(record)))));
  return differences(withoutTime(before), withoutTime(now));
}

/** Writes down what an execution came to, then lets go of fence and lock. May be run again at any point. */
export async function finish(id: string, epoch: number, outcome: Outcome): Promise<void> {
  const before = await knownMigration(id);
  if (before.blueGreen !== null) return finishMove(before, epoch, outcome);
  const gone = goneVersion(before, outcome);
  if (gone !== null) await forgetLogin(before.databaseId, gone);
  await withTarget(before, 'complete', async (engine) => {
    if (!isOver(before, epoch, outcome)) {
      const returned = outcome === 'rolled_back' || outcome === 'undone';
      const changed = returned ? await changedDefinitions(engine, before) : before.differences;
      const ended = await changeMigration(id, (record) => ending(record, epoch, outcome, changed));
      // Of small targets by the thousand only the round trips would be learnt, over and over.
      const learns = (outcome === 'completed' || outcome === 'removed') && remembered() === undefined;
      if (learns) await learnPace(ended, outcome);
    }
    await keepVersion(engine, before, outcome);
    await engine.releaseFence({ migration: id, epoch });
  });
  await releaseSchemaLock(before);
}

/** A move leaves no version and no definitions to compare; the old server may be gone by then. */
async function finishMove(before: MigrationRecord, epoch: number, outcome: Outcome): Promise<void> {
  const { id, differences: found } = before;
  if (!isOver(before, epoch, outcome))
    await changeMigration(id, (record) => ending(record, epoch, outcome, found));
  for (const databaseId of [before.databaseId, before.blueGreen?.target.id ?? before.databaseId]) {
    try {
      await withTarget({ id, databaseId }, 'complete', async (engine) => {
        if (databaseId === before.databaseId) await engine.releaseFence({ migration: id, epoch });
        await keepShape(engine, { ...before, databaseId }, outcome);
      });
    } catch (error) {
      if (!(error instanceof DatabaseUnreachable)) throw error;
    }
  }
  await releaseSchemaLock(before);
}

/** The version whose views an outcome took away. */
function goneVersion({ plan }: MigrationRecord, outcome: Outcome): string | null {
  if (plan === null || outcome === 'completed') return null;
  return outcome === 'removed' ? plan.previousVersion : plan.versionSchema;
}

const isOver = (record: MigrationRecord, epoch: number, outcome: Outcome): boolean =>
  record.status === outcome && record.epoch === epoch;

function ending(
  record: MigrationRecord,
  epoch: number,
  outcome: Outcome,
  changed: string[],
): Change | undefined {
  if (isOver(record, epoch, outcome)) return undefined;
  if (record.lease?.epoch !== epoch) {
    throw new ExecutionSuperseded(`Epoch ${epoch} does not act for migration ${record.id} any more`, {
      evidence: { id: record.id, epoch, found: record.lease?.epoch ?? null },
    });
  }
  if (outcome === 'completed') assertWanted(record);
  const at = clock.iso();
  return {
    set: {
      status: outcome,
      phase: null,
      phases: phasesAfter(record.phases, null, epoch, at),
      lease: null,
      differences: changed,
      ...(outcome === 'completed' ? { completedAt: at } : {}),
      ...(outcome === 'undone' ? { removalAt: null } : {}),
    },
    events: [
      { type: `migration.${outcome}`, actor: 'theseus', data: { differences: changed } },
      changeMarker(record, outcome),
    ],
  };
}
