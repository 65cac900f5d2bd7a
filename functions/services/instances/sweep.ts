import { clock } from '#platform/clock.ts';
import type { TaskTools } from '#platform/task.ts';
import type { VersionRecord } from '../registry/records.ts';
import { findVersion } from '../registry/versions.ts';
import { sendEvents, withEvent } from './events.ts';
import { probeInstance, tellEvents } from './probe.ts';
import { dueOf, graceMs, type InstanceRecord } from './records.ts';
import { changeInstance, forgetExpired, forgetInstance, readDue } from './store.ts';

const batch = 400;
const mostBatches = 5;
const atOnce = 32;
/** A probe, writing it down and sending its event take less, ms; a run that has less left ends. */
const roomForOne = 15_000;

export interface Swept {
  probed: number;
  expired: number;
}

/**
 * Does what is due, the longest due first: sends events that were not sent, removes instances whose lease is over, probes
 * those whose time has come. What is not reached in time stays due for the next run.
 */
export async function sweepInstances({
  deadline,
  metrics,
}: Pick<TaskTools, 'deadline' | 'metrics'>): Promise<Swept> {
  const swept: Swept = { probed: 0, expired: 0 };
  const versions = new Map<string, Promise<VersionRecord | undefined>>();
  const versionOf = ({ service, version }: InstanceRecord) => {
    const key = `${service}@${version}`;
    const found = versions.get(key) ?? findVersion(service, version);
    versions.set(key, found);
    return found;
  };
  for (let round = 0; round < mostBatches; round += 1) {
    const due = await readDue(batch);
    const waiting = [...due];
    const worker = async () => {
      for (let one = waiting.shift(); one !== undefined && deadline() > roomForOne; one = waiting.shift())
        await sweepOne(one, await versionOf(one), swept);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    if (due.length < batch || deadline() < roomForOne) break;
  }
  metrics.gauge({ name: 'kind', value: 'probed' }, 'Instances', 'count', swept.probed);
  metrics.gauge({ name: 'kind', value: 'expired' }, 'Instances', 'count', swept.expired);
  return swept;
}

async function sweepOne(
  due: InstanceRecord,
  version: VersionRecord | undefined,
  swept: Swept,
): Promise<void> {
  if (version === undefined) {
    // Its version was deregistered while it registered itself.
    await forgetInstance(due);
    return;
  }
  const now = clock.now();
  if (due.leaseUntil !== null && due.leaseUntil + graceMs <= now) {
    if (await expire(due)) swept.expired += 1;
    return;
  }
  const record = await tellEvents(due);
  if (record === undefined) return;
  const { healthCheck } = version;
  if (healthCheck !== null && record.probeAt !== null && record.probeAt <= now) {
    swept.probed += 1;
    await probeInstance(record, healthCheck);
    return;
  }
  const dueAt = dueOf(record, now);
  if (dueAt !== record.dueAt) await changeInstance(record, { dueAt });
}

/** Says that a lease is over, and removes its instance; false when somebody prolonged it in this moment. */
async function expire(record: InstanceRecord): Promise<boolean> {
  const said = record.outbox.some(({ type }) => type === 'instance.expired');
  const told = said
    ? record
    : await changeInstance(record, {
        ...withEvent(record, {
          type: 'instance.expired',
          at: clock.iso(),
          was: record.health.status,
          detail: `No heartbeat within ${record.leaseSeconds} s`,
        }),
        dueAt: clock.now(),
      });
  if (told === undefined) return false;
  await sendEvents(told);
  return forgetExpired(told);
}
