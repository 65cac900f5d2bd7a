import { tagIn } from '../values/tags.ts';
import type { Difference, DocumentDifference, Report } from './schemas.ts';

/** A report that was made so shortly after a change says nothing of it yet, ms. */
export const graceMs = 30_000;
const mostNamed = 100;
/** Keys that a report has room for. */
const mostReported = 1_000;

/** One key as it holds for whoever reported. */
export interface Standing {
  key: string;
  /** null: the default of its definition, or nothing. */
  version: number | null;
  /** When one of its layers was written last (epoch ms); 0: never. */
  changedAt: number;
}

/** A namespace as it holds for whoever reported. */
export interface Holding {
  standing: readonly Standing[];
  /** Names what holds, as the ETag of the document does. */
  tag: string;
  /** When anything of it was changed last (epoch ms); 0: never. */
  changedAt: number;
}

type Reported = Pick<Report, 'namespace' | 'versions' | 'etag' | 'at'>;

/**
 * What an instance has in force that is not what holds for it: by key, where it reports versions, and as a whole by its
 * ETag. Whoever has the right ETag has everything. Keys that changed less than 30 s before the report, or that an update
 * is about to change (`busy`), are left out; the whole is, while there is any of them.
 */
export function compareReport(
  report: Reported,
  holding: Holding,
  busy: ReadonlySet<string>,
): { differences: Difference[]; document: DocumentDifference | null } {
  const { etag } = report;
  if (etag !== null && tagIn(etag) === holding.tag) return { differences: [], document: null };
  const differences = differencesOf(report, holding.standing, busy);
  const changing = busy.size > 0 || Date.parse(report.at) < holding.changedAt + graceMs;
  if (etag === null || changing || differences.length > 0) return { differences, document: null };
  const behindSince = holding.changedAt === 0 ? null : new Date(holding.changedAt).toISOString();
  return { differences, document: { expected: holding.tag, inForce: tagIn(etag), behindSince } };
}

function differencesOf(
  report: Reported,
  standing: readonly Standing[],
  busy: ReadonlySet<string>,
): Difference[] {
  const at = Date.parse(report.at);
  const reported = new Map(Object.entries(report.versions));
  if (reported.size === 0) return [];
  const known = new Map(standing.map((one) => [one.key, one]));
  // A report that is full does not say of the others that they are not in force.
  const names = new Set([...reported.keys(), ...(reported.size < mostReported ? known.keys() : [])]);
  return [...names]
    .toSorted()
    .flatMap((key): Difference[] => {
      const holds = known.get(key);
      if (busy.has(key) || at < (holds?.changedAt ?? 0) + graceMs) return [];
      const stored = holds?.version ?? null;
      // 0 is what reports call the default.
      const inForce = reported.get(key) || null;
      return inForce === stored ? [] : [{ key: { namespace: report.namespace, key }, stored, inForce }];
    })
    .slice(0, mostNamed);
}
