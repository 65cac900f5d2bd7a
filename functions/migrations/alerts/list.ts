import type { Place } from '#platform/records.ts';
import { readMigrations, readWork } from '../migration-store.ts';
import type { Alert } from './schemas.ts';
import { type Severity, shownAlert } from './state.ts';

/** Migrations looked through for one list, in pages of 100. */
const mostPages = 20;

interface Wanted {
  severity?: Severity | undefined;
  /** Those that are pending, too. */
  pending: boolean;
}

/** Alerts of all migrations: critical ones first, then by when they were first passed. */
export async function listAlerts({ severity, pending }: Wanted): Promise<Alert[]> {
  const found: Alert[] = [];
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await readWork(from);
    for (const { id, name, databaseId, databaseName, alerts } of await readMigrations(work.ids)) {
      const about = { migration: { id, name }, database: { id: databaseId, name: databaseName } };
      found.push(...alerts.map((state) => ({ ...shownAlert(state), ...about })));
    }
    from = work.next;
    if (from === undefined) break;
  }
  const rank = (alert: Alert): number => ['critical', 'warning', null].indexOf(alert.severity);
  return found
    .filter((alert) => (pending || alert.state === 'firing') && (!severity || alert.severity === severity))
    .toSorted((a, b) => rank(a) - rank(b) || Date.parse(a.since) - Date.parse(b.since));
}
