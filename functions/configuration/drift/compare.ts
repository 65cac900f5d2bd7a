import type { Difference, Report } from './schemas.ts';

/** A report that was made so shortly after a change says nothing of it yet, ms. */
export const graceMs = 30_000;
const mostNamed = 100;

/** One key as it holds for whoever reported. */
export interface Standing {
  key: string;
  /** null: the default of its definition, or nothing. */
  version: number | null;
  /** When one of its layers was written last (epoch ms); 0: never. */
  changedAt: number;
}

/**
 * What an instance has in force that is not what holds for it. Keys that changed less than 30 s before the report, or
 * that an update is about to change (`busy`), are left out; so are those it does not report at all where it reports some.
 */
export function differencesOf(
  report: Pick<Report, 'namespace' | 'versions' | 'at'>,
  standing: readonly Standing[],
  busy: ReadonlySet<string>,
): Difference[] {
  const at = Date.parse(report.at);
  const known = new Map(standing.map((one) => [one.key, one]));
  const names = new Set([...Object.keys(report.versions), ...known.keys()]);
  return [...names]
    .toSorted()
    .flatMap((key): Difference[] => {
      const holds = known.get(key);
      if (busy.has(key) || at < (holds?.changedAt ?? 0) + graceMs) return [];
      const stored = holds?.version ?? null;
      const reported = Object.hasOwn(report.versions, key) ? report.versions[key] : undefined;
      // 0 is what reports call the default.
      const inForce = reported === undefined || reported === 0 ? null : reported;
      if (inForce === stored) return [];
      return [{ key: { namespace: report.namespace, key }, stored, inForce }];
    })
    .slice(0, mostNamed);
}
