import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import { exchange } from '#platform/outbound/exchange.ts';
import type { HealthCheck } from '../schemas.ts';
import { endpointReaches } from './destinations.ts';
import { sendEvents, withEvent } from './events.ts';
import { afterProbe, type Probe } from './health.ts';
import { dueOf, type InstanceRecord } from './records.ts';
import { changeInstance } from './store.ts';

/** Asks an instance once how it is. What is refused or does not answer is a bad probe. */
export async function askHealth(
  { url }: Pick<InstanceRecord, 'url'>,
  { path, expectedStatus, timeoutMs }: HealthCheck,
): Promise<Probe> {
  try {
    const { status, durationMs } = await exchange({
      method: 'GET',
      url: url.replace(/\/$/, '') + path,
      headers: { 'user-agent': 'theseus-health' },
      timeoutMs,
      reaches: endpointReaches(),
    });
    const ok = status === expectedStatus;
    const detail = ok ? `${status} in ${durationMs} ms` : `Expected ${expectedStatus}, found ${status}`;
    return { ok, detail, at: clock.iso() };
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    return { ok: false, detail: error.message, at: clock.iso() };
  }
}

/**
 * Probes an instance and writes down what came of it, with an event when its health changed; then sends the event.
 * Returns what is stored; undefined when somebody else decided something in the meantime.
 */
export async function probeInstance(
  record: InstanceRecord,
  check: HealthCheck,
): Promise<InstanceRecord | undefined> {
  const probe = await askHealth(record, check);
  const health = afterProbe(record.health, probe, check);
  const now = clock.now();
  const told =
    health.status === record.health.status || health.status === 'unknown'
      ? { outbox: record.outbox, nextSequence: record.nextSequence }
      : withEvent(record, {
          type: `instance.${health.status}`,
          at: probe.at,
          was: record.health.status,
          detail: probe.detail,
        });
  const probeAt = now + check.intervalSeconds * 1_000;
  const next = { ...told, health, probeAt };
  const stored = await changeInstance(record, { ...next, dueAt: dueOf({ ...record, ...next }, now) });
  return stored === undefined ? undefined : tellEvents(stored);
}

/** Sends what is stored and lets it go. Cut off between, the next run sends it again. */
export async function tellEvents(record: InstanceRecord): Promise<InstanceRecord | undefined> {
  if (record.outbox.length === 0) return record;
  await sendEvents(record);
  const sent = { outbox: record.outbox.slice(10) };
  return changeInstance(record, { ...sent, dueAt: dueOf({ ...record, ...sent }, clock.now()) });
}
