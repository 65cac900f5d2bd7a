import { clock } from '#platform/clock.ts';
import type { Place } from '#platform/records.ts';
import type { ConfigurationKey } from '../schemas.ts';
import { keys, readAll, readPage, writeItem } from '../store.ts';
import { type NewReport, ReaderRecord, Report } from './schemas.ts';

/** A report that is older says nothing any more: its instance is gone, or reports no longer. */
export const reportMs = 15 * 60_000;
/** A service that reads a namespace counts as a reader of it for so long after its last report. */
const readerMs = 24 * 3_600_000;

const expiry = (ms: number) => Math.ceil((clock.now() + ms) / 1_000);

const isCurrent = ({ expiresAt }: { expiresAt: number }) => expiresAt * 1_000 > clock.now();

const divided = (name: string): [string, string] => {
  const at = name.indexOf('/');
  return [name.slice(0, at), name.slice(at + 1)];
};

/** A report by namespace: clients that read several tell of each by itself. */
function byNamespace({ namespace, versions, failed }: NewReport) {
  const found = new Map<string, Pick<Report, 'versions' | 'failed'>>();
  const of = (name: string) => {
    const one = found.get(name) ?? { versions: {}, failed: [] };
    found.set(name, one);
    return one;
  };
  if (namespace !== undefined) of(namespace);
  for (const [name, version] of Object.entries(versions)) {
    const [own, key] = divided(name);
    of(own).versions[key] = version;
  }
  for (const one of failed) {
    const { key: name, version = null, message } = typeof one === 'string' ? { key: one, message: '' } : one;
    const [own, key] = divided(name);
    of(own).failed.push({ key, version, message });
  }
  return found;
}

/** Keeps what an instance reports, in place of what it reported before of the same namespaces. */
export async function keepReport(report: NewReport): Promise<Report[]> {
  const { service, environment = null, tenant = null, instance } = report;
  const at = clock.iso();
  const reader: ReaderRecord = { service, environment, expiresAt: expiry(readerMs) };
  return Promise.all(
    [...byNamespace(report)].map(async ([namespace, told]) => {
      const etag = report.namespace === namespace ? (report.etag ?? null) : null;
      const kept: Report = {
        ...{ service, environment, tenant, instance, namespace, etag },
        ...told,
        at,
        expiresAt: expiry(reportMs),
      };
      await writeItem(keys.report(kept), kept);
      await writeItem(keys.reader(namespace, service, environment), reader);
      return kept;
    }),
  );
}

/** What the instances of a service report, those left out that have not for long. */
export const readReports = async (service: string): Promise<Report[]> =>
  (await readAll(Report, keys.reports, `${service}#`)).filter(isCurrent);

/** A page of what all instances report. */
export async function readReportPage(
  from: Place | undefined,
): Promise<{ items: Report[]; next: Place | undefined }> {
  const { items, next } = await readPage(Report, {
    pk: keys.reports,
    limit: 200,
    from,
  });
  return { items: items.filter(isCurrent), next };
}

/** Services that have reported to read what this key is a part of. */
export async function readersOf({ namespace, environment }: ConfigurationKey): Promise<string[]> {
  const found = await readAll(ReaderRecord, keys.reader(namespace, '', null).pk, '');
  const meant = found.filter(
    (reader) =>
      isCurrent(reader) &&
      (environment === undefined || reader.environment === null || reader.environment === environment),
  );
  return [...new Set(meant.map(({ service }) => service))];
}
