import { z } from 'zod';
import { Version } from '#compatibility/ranges.ts';
import { Labels } from '../schemas.ts';

/** `unknown`: nothing was asked yet, or its version has no health check. */
export const HealthStatus = z.enum(['unknown', 'passing', 'failing']);
export type HealthStatus = z.infer<typeof HealthStatus>;

export const Health = z.object({
  status: HealthStatus,
  /** Probes of one outcome in a row, the last included. */
  good: z.int(),
  bad: z.int(),
  checkedAt: z.string().nullable(),
  changedAt: z.string().nullable(),
  /** What the last probe found. */
  detail: z.string().nullable(),
});
export type Health = z.infer<typeof Health>;

export const InstanceEvent = z.object({
  /** `instance.passing`, `instance.failing` or `instance.expired`. */
  type: z.enum(['instance.passing', 'instance.failing', 'instance.expired']),
  sequence: z.int(),
  at: z.string(),
  was: HealthStatus,
  detail: z.string(),
});
export type InstanceEvent = z.infer<typeof InstanceEvent>;

export const InstanceRecord = z.object({
  schemaVersion: z.literal(1),
  /** Counts writes, heartbeats apart: those change nothing that anything is decided by. */
  revision: z.int(),
  id: z.string(),
  service: z.string(),
  version: Version,
  /** `static`: an endpoint of the version; `registered`: by itself, with a lease; `imported`: of AWS Cloud Map. */
  kind: z.enum(['static', 'registered', 'imported']),
  url: z.string(),
  zone: z.string().nullable(),
  weight: z.int(),
  labels: Labels,
  leaseSeconds: z.int().nullable(),
  /** Epoch ms; null: it has no lease. */
  leaseUntil: z.number().nullable(),
  load: z.number().nullable(),
  inFlight: z.int().nullable(),
  draining: z.boolean(),
  heartbeatAt: z.string().nullable(),
  health: Health,
  /** Epoch ms; null: its version has no health check. */
  probeAt: z.number().nullable(),
  /** Epoch ms: when something is to be done. Null: never. */
  dueAt: z.number().nullable(),
  /** Events that are not on the bus yet. */
  outbox: z.array(InstanceEvent),
  nextSequence: z.int(),
  createdAt: z.string(),
  createdBy: z.string(),
});
export type InstanceRecord = z.infer<typeof InstanceRecord>;

/** How long an instance whose lease is over stays to be seen, ms. */
export const graceMs = 60_000;

/** When something is to be done about an instance: events to be sent, a probe, the end of its lease. */
export function dueOf(
  { outbox, probeAt, leaseUntil }: Pick<InstanceRecord, 'outbox' | 'probeAt' | 'leaseUntil'>,
  now: number,
): number | null {
  if (outbox.length > 0) return now;
  const moments = [probeAt, leaseUntil === null ? null : leaseUntil + graceMs].filter((one) => one !== null);
  return moments.length === 0 ? null : Math.min(...moments);
}
