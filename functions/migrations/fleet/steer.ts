import { clock } from '#platform/clock.ts';
import { artifactKeys, artifactsBucket, writeArtifact } from '../artifacts.ts';
import { findDatabase } from '../databases/databases.ts';
import { connectorOf, executionNameOf } from '../executions/workflow.ts';
import { haltReason } from './halting.ts';
import type { Batch, BatchTarget, Connector, FleetRecord, TargetRecord } from './records.ts';
import { changeFleet, countFailures, readTargets } from './store.ts';
import { readTargetList } from './target-list.ts';

/** What the workflow does next. */
export type Course =
  | { action: 'run'; bucket: string; key: string; concurrency: number }
  /** Until someone decides, or for so many seconds. */
  | { action: 'wait'; seconds: number }
  | { action: 'end' };

/** Targets in one execution: enough that what it costs is shared, few enough that its input stays small. */
const mostInBatch = 25;
const longestWaitSeconds = 2_592_000;

/**
 * Looks at where the fleet stands, judges the wave that ended, and says what comes next. Everything is read from what
 * is stored, so it may be asked at any moment, however the execution before it ended.
 */
export async function steer(fleetId: string, executionArn: string): Promise<Course> {
  let fleet = await changeFleet(fleetId, (record) => {
    const name = executionNameOf(executionArn);
    if (record.execution?.name !== name || record.execution.arn !== null) return undefined;
    return { execution: { ...record.execution, arn: executionArn } };
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
        status === 'baking' ? { status: 'running', bakeUntil: null } : undefined,
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
  const wave = fleet.waves[fleet.wave];
  const known = new Map((await readTargets(fleet.id)).map((target) => [target.index, target]));
  // A redrive makes targets of former waves pending again: they go with the wave that runs.
  const listed = await readTargetList(fleet.id, 0, wave?.to ?? fleet.waves.at(-1)?.to ?? 0);
  const open = listed.flatMap((target) => {
    const stands = known.get(target.index);
    if (stands !== undefined && !isOpen(stands)) return [];
    return [{ ...target, wave: stands?.wave ?? waveOf(fleet, target.index), attempt: stands?.attempt ?? 1 }];
  });
  if (open.length > 0) return runOf(fleet, 'migrate', open);
  return judge(fleet);
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
    const at = clock.iso();
    const reason = haltReason(current, current.wave, failed);
    if (reason !== null) return { status: 'halted', halted: { wave: current.wave, reason, at } };
    const next = current.wave + 1;
    if (next >= current.waves.length) return { status: 'completed', wave: next, endedAt: at };
    if (current.bakeSeconds === 0) return { wave: next };
    return { wave: next, status: 'baking', bakeUntil: clock.now() + current.bakeSeconds * 1_000 };
  });
  return 'look again';
}

/** Everything that was done is taken back, the last first. */
async function backwards(fleet: FleetRecord): Promise<Course | 'look again'> {
  const done = (await readTargets(fleet.id)).filter(({ status }) => status === 'done');
  if (done.length > 0) return runOf(fleet, 'undo', done.toReversed());
  await changeFleet(fleet.id, ({ status }) =>
    status === 'undoing' ? { status: 'undone', endedAt: clock.iso() } : undefined,
  );
  return 'look again';
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
