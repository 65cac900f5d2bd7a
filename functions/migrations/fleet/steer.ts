import { artifactsBucket, writeArtifact } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import type { NewEvent } from '#platform/workflow-record.ts';
import { artifactKeys } from '../artifacts.ts';
import { findDatabase } from '../databases/databases.ts';
import { connectorOf, executionNameOf } from '../executions/workflow.ts';
import { halted, haltReason } from './halting.ts';
import type { Batch, BatchTarget, Connector, FleetRecord, TargetRecord } from './records.ts';
import { changeFleet, countFailures, type FleetChange } from './store.ts';
import { notTakenBack, partsOf, readTargetsBetween } from './stretches.ts';
import { readTargetList } from './target-list.ts';

/** What the workflow does next. */
export type Course =
  | { action: 'run'; bucket: string; key: string; concurrency: number }
  /** Until someone decides, or for so many seconds. */
  | { action: 'wait'; seconds: number }
  | { action: 'end' };

/** Targets in one execution: enough that what it costs is shared, few enough that its input stays small. */
const mostInBatch = 25;
/** Targets in one run of the Map; the fleet is looked at again after it. */
const mostInRun = 5_000;
const longestWaitSeconds = 2_592_000;

/**
 * Looks at where the fleet stands, judges the wave that ended, and says what comes next. Everything is read from what
 * is stored, so it may be asked at any moment, however the execution before it ended.
 */
export async function steer(fleetId: string, executionArn: string): Promise<Course> {
  let fleet = await changeFleet(fleetId, (record) => {
    const name = executionNameOf(executionArn);
    if (record.execution?.name !== name || record.execution.arn !== null) return undefined;
    return { set: { execution: { ...record.execution, arn: executionArn } } };
  });
  if (fleet.execution?.name !== executionNameOf(executionArn)) return { action: 'end' };
  for (;;) {
    if (fleet.status === 'paused' || fleet.status === 'halted') {
      return { action: 'wait', seconds: longestWaitSeconds };
    }
    if (fleet.status === 'baking') {
      const left = Math.ceil(((fleet.bakeUntil ?? 0) - clock.now()) / 1_000);
      if (left > 0) return { action: 'wait', seconds: left };
      fleet = await changeFleet(fleetId, ({ status }) =>
        status === 'baking' ? { set: { status: 'running', bakeUntil: null } } : undefined,
      );
      continue;
    }
    if (fleet.status !== 'running' && fleet.status !== 'undoing') return { action: 'end' };
    const course = await (fleet.status === 'undoing' ? backwards(fleet) : forwards(fleet));
    if (course !== 'look again') return course;
    fleet = await changeFleet(fleetId, () => undefined);
  }
}

/** The targets of the wave that are not settled; when there are none, the wave is judged. */
async function forwards(fleet: FleetRecord): Promise<Course | 'look again'> {
  const open = await openTargets(fleet);
  if (open.length === 0) return judge(fleet);
  await waveBegins(fleet);
  return runOf(fleet, 'migrate', open);
}

/** Up to the end of the wave that runs: a redrive makes targets of former waves pending again. */
async function openTargets(fleet: FleetRecord): Promise<BatchTarget[]> {
  const open: BatchTarget[] = [];
  for (const { from, to, sum } of await partsOf(fleet, fleet.waves[fleet.wave]?.to)) {
    if (sum !== null) continue;
    const records = await readTargetsBetween(fleet.id, from, to);
    const known = new Map(records.map((target) => [target.index, target]));
    for (const target of await readTargetList(fleet.id, from, to)) {
      const stands = known.get(target.index);
      if (stands !== undefined && !isOpen(stands)) continue;
      const wave = stands?.wave ?? waveOf(fleet, target.index);
      open.push({ ...target, wave, attempt: stands?.attempt ?? 1 });
      if (open.length === mostInRun) return open;
    }
  }
  return open;
}

/** Once: an execution that follows another finds the wave begun. */
async function waveBegins({ id, wave: at }: FleetRecord): Promise<void> {
  await changeFleet(id, ({ wave, waves }) => {
    const begins = waves[at];
    if (wave !== at || begins === undefined || begins.startedAt !== undefined) return undefined;
    return {
      set: { waves: waves.with(at, { ...begins, startedAt: clock.iso() }) },
      events: [
        {
          type: 'fleet.wave_started',
          actor: 'theseus',
          data: { wave: begins.name, targets: begins.to - begins.from },
        },
      ],
    };
  });
}

const isOpen = ({ status }: TargetRecord): boolean =>
  status === 'pending' || status === 'running' || status === 'own_execution';

const waveOf = ({ waves }: FleetRecord, index: number): number =>
  waves.findIndex(({ from, to }) => index >= from && index < to);

/** A wave has ended: halt, watch it for a while, go on, or come to the end. */
async function judge(fleet: FleetRecord): Promise<'look again'> {
  const failed = await countFailures(fleet.id, fleet.wave);
  await changeFleet(fleet.id, (current) => {
    if (current.status !== 'running' || current.wave !== fleet.wave) return undefined;
    const reason = haltReason(current, current.wave, failed);
    return reason === null ? waveEnded(current, failed) : halted(current.wave, reason);
  });
  return 'look again';
}

/** The next wave follows, at once or after the bake time; after the last one the fleet is completed. */
function waveEnded(fleet: FleetRecord, failed: number): FleetChange {
  const at = clock.iso();
  const next = fleet.wave + 1;
  const waves = fleet.waves.map((wave, index) => (index === fleet.wave ? { ...wave, endedAt: at } : wave));
  const told: NewEvent = {
    type: 'fleet.wave_completed',
    actor: 'theseus',
    data: { wave: fleet.waves[fleet.wave]?.name ?? '', failed },
  };
  if (next >= waves.length) {
    return {
      set: { status: 'completed', wave: next, waves, endedAt: at },
      events: [told, { type: 'fleet.completed', actor: 'theseus' }],
    };
  }
  const baking = { status: 'baking', bakeUntil: clock.now() + fleet.bakeSeconds * 1_000 } as const;
  return { set: { wave: next, waves, ...(fleet.bakeSeconds === 0 ? {} : baking) }, events: [told] };
}

/** Everything that was done is taken back, the last first. */
async function backwards(fleet: FleetRecord): Promise<Course | 'look again'> {
  const done = await doneTargets(fleet);
  if (done.length > 0) return runOf(fleet, 'undo', done);
  const left = (await notTakenBack(fleet)).length;
  await changeFleet(fleet.id, ({ status, undo }) =>
    status === 'undoing'
      ? {
          set: { status: 'undone', endedAt: clock.iso(), undo: undo === null ? null : { ...undo, left } },
          events: [{ type: 'fleet.undone', actor: 'theseus', ...(left === 0 ? {} : { data: { left } }) }],
        }
      : undefined,
  );
  return 'look again';
}

async function doneTargets(fleet: FleetRecord): Promise<BatchTarget[]> {
  const done: BatchTarget[] = [];
  for (const { from, to, sum } of (await partsOf(fleet)).toReversed()) {
    if (sum !== null && Object.values(sum.waves).every(({ counts }) => counts.done === 0)) continue;
    const records = await readTargetsBetween(fleet.id, from, to);
    done.push(...records.filter(({ status }) => status === 'done').toReversed());
    if (done.length >= mostInRun) break;
  }
  return done;
}

/** Writes what the Map is to read: a batch a line, none across two connectors. */
async function runOf(fleet: FleetRecord, purpose: Batch['purpose'], targets: BatchTarget[]): Promise<Course> {
  const groups = new Map<string, { connector: Connector; targets: BatchTarget[] }>();
  const connectors = new Map<string, Connector>();
  for (const target of targets) {
    const { databaseId } = target;
    const connector = connectors.get(databaseId) ?? (await connectorOf(await findDatabase(databaseId)));
    connectors.set(databaseId, connector);
    const { roleArn, functions } = connector;
    const key = `${roleArn} ${functions.migrateFleetTargets}`;
    const group = groups.get(key) ?? { connector, targets: [] };
    group.targets.push(target);
    groups.set(key, group);
  }
  // Few targets are spread over all who may work.
  const size = Math.max(1, Math.min(mostInBatch, Math.ceil(targets.length / fleet.concurrency)));
  const lines: string[] = [];
  for (const { connector, targets: all } of groups.values()) {
    for (let at = 0; at < all.length; at += size) {
      const { roleArn, functions } = connector;
      lines.push(
        JSON.stringify({
          connector: { roleArn, functions: { migrateFleetTargets: functions.migrateFleetTargets } },
          purpose,
          targets: all.slice(at, at + size).map(batchTarget),
        }),
      );
    }
  }
  const key = artifactKeys.fleetWave(fleet.id, `${fleet.wave}-${clock.now()}`);
  await writeArtifact(key, lines.join('\n'), 'application/jsonl');
  return { action: 'run', bucket: artifactsBucket(), key, concurrency: fleet.concurrency };
}

const batchTarget = ({ index, databaseId, database, schema, wave, attempt }: BatchTarget): BatchTarget => ({
  index,
  databaseId,
  database,
  schema,
  wave,
  attempt,
});
