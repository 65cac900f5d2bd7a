import { createHash } from 'node:crypto';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import type { Place } from '#platform/records.ts';
import { type FindingKind, mostFindings, readFindings, settleFindings } from '../findings.ts';
import { readDefinitions } from '../keys/definitions.ts';
import { layersOf, type Reader } from '../resolution/layers.ts';
import { resolveAll } from '../resolution/resolve.ts';
import { keys } from '../store.ts';
import { tell } from '../updates/notices/deliver.ts';
import { findUpdate, isOpen, readUpdateWork } from '../updates/update-store.ts';
import { readLayers } from '../values/store.ts';
import { tagOf } from '../values/tags.ts';
import { compareReport, type Holding } from './compare.ts';
import { readReportPage } from './reports.ts';
import { Difference, DocumentDifference, type InstanceDrift, type Report } from './schemas.ts';

/** How often at most what drifts is brought back, ms. */
const remediateEveryMs = 10 * 60_000;

const FoundDrift = z.strictObject({
  service: z.string(),
  environment: z.string().nullable(),
  tenant: z.string().nullable(),
  instance: z.string(),
  reportedAt: z.iso.datetime(),
  namespace: z.string().nullable().default(null),
  differences: z.array(Difference),
  document: DocumentDifference.nullable().default(null),
  remediate: z.boolean(),
  remediatedAt: z.iso.datetime().nullable(),
});
type FoundDrift = z.infer<typeof FoundDrift>;

const kind: FindingKind<typeof FoundDrift> = {
  key: keys.drift,
  schema: FoundDrift,
  appeared: 'configuration.drifted',
  gone: 'configuration.drift_ended',
};

/** Instances that have something else in force, as the last look found it. */
export async function readInstanceDrift(): Promise<InstanceDrift[]> {
  return (await readFindings(kind)).map(({ id, since, what }) => ({ of: 'instance', id, since, ...what }));
}

const idOf = ({ service, environment, tenant, instance, namespace }: Report): string =>
  createHash('sha256')
    .update(JSON.stringify([service, environment, tenant, instance, namespace]))
    .digest('base64url')
    .slice(0, 22);

/** What holds for a reader, key by key, and which keys say that they are brought back. */
async function holdingOf(reader: Reader): Promise<Holding & { remediate: ReadonlySet<string> }> {
  const [definitions, stored] = await Promise.all([readDefinitions(reader.namespace), readLayers(reader)]);
  const changed = new Map<string, number>();
  for (const { key, updatedAt } of stored.flat())
    changed.set(key, Math.max(changed.get(key) ?? 0, Date.parse(updatedAt)));
  const resolved = resolveAll(layersOf(reader), stored, definitions);
  const versions = new Map(resolved.map(({ key, version }) => [key, version]));
  const names = new Set([...versions.keys(), ...changed.keys()]);
  const times = [...changed.values(), ...definitions.map(({ updatedAt }) => Date.parse(updatedAt))];
  return {
    tag: tagOf(resolved),
    changedAt: times.reduce((newest, at) => Math.max(newest, at), 0),
    standing: [...names].map((key) => ({
      key,
      version: versions.get(key) ?? null,
      changedAt: changed.get(key) ?? 0,
    })),
    remediate: new Set(definitions.flatMap(({ key, policy }) => (policy.remediate ? [key] : []))),
  };
}

/** Keys that open updates are about to change, by namespace. */
async function busyKeys(): Promise<Map<string, Set<string>>> {
  const busy = new Map<string, Set<string>>();
  let from: Place | undefined;
  do {
    const page = await readUpdateWork(from);
    for (const record of await Promise.all(page.ids.map(findUpdate))) {
      if (record === undefined || !isOpen(record.status)) continue;
      for (const { key } of record.changes)
        busy.set(key.namespace, (busy.get(key.namespace) ?? new Set()).add(key.key));
    }
    from = page.next;
  } while (from !== undefined);
  return busy;
}

/**
 * Holds what instances report against what is stored, keeps what differs, and tells services again whose policy says so,
 * each at most once in ten minutes. `signal` ends it between two reports.
 */
export async function detectDrift(
  signal: AbortSignal,
): Promise<{ reports: number; appeared: number; gone: number; remediated: number }> {
  const busy = await busyKeys();
  const former = new Map((await readFindings(kind)).map(({ id, what }) => [id, what]));
  const readers = new Map<string, ReturnType<typeof holdingOf>>();
  const found = new Map<string, FoundDrift>();
  let reports = 0;
  let from: Place | undefined;
  do {
    const page = await readReportPage(from);
    for (const report of page.items) {
      signal.throwIfAborted();
      reports += 1;
      const reader = readerOf(report);
      const name = JSON.stringify(reader);
      const known = readers.get(name) ?? holdingOf(reader);
      readers.set(name, known);
      const { remediate, ...holding } = await known;
      const { differences, document } = compareReport(
        report,
        holding,
        busy.get(report.namespace) ?? new Set(),
      );
      if ((differences.length === 0 && document === null) || found.size >= mostFindings) continue;
      const { service, environment, tenant, instance, namespace, at } = report;
      const before = former.get(idOf(report));
      found.set(idOf(report), {
        ...{ service, environment, tenant, instance, namespace, differences, reportedAt: at },
        // It was behind before that which was changed since.
        document: document && { ...document, behindSince: behindSince(before, document) },
        remediate:
          document === null ? differences.some(({ key }) => remediate.has(key.key)) : remediate.size > 0,
        remediatedAt: before?.remediatedAt ?? null,
      });
    }
    from = page.next;
  } while (from !== undefined);
  const remediated = await remediateAll(found);
  const asJson = new Map(
    [...found].map(([id, one]) => [id, z.json().parse(JSON.parse(JSON.stringify(one)))]),
  );
  return { reports, remediated, ...(await settleFindings(kind, asJson)) };
}

const behindSince = (before: FoundDrift | undefined, { inForce, behindSince: now }: DocumentDifference) =>
  before?.document?.inForce === inForce ? before.document.behindSince : now;

const readerOf = ({ namespace, service, environment, tenant }: Report): Reader => ({
  namespace,
  service,
  ...(environment === null ? {} : { environment }),
  ...(tenant === null ? {} : { tenant }),
});

/** Tells services whose policy says so what they should have in force. */
async function remediateAll(found: Map<string, FoundDrift>): Promise<number> {
  let remediated = 0;
  for (const [id, one] of found) {
    if (!one.remediate) continue;
    if (one.remediatedAt !== null && clock.now() - Date.parse(one.remediatedAt) < remediateEveryMs) continue;
    const at = clock.iso();
    const changes = one.differences.map(({ key, stored }) => ({ key, version: stored ?? 0 }));
    await tell({
      id: `drift~${id}~${clock.now()}`,
      kind: 'drifted',
      update: null,
      service: one.service,
      changes,
    });
    found.set(id, { ...one, remediatedAt: at });
    remediated += 1;
  }
  return remediated;
}
