import { clock } from '#platform/clock.ts';
import type { Place } from '#platform/records.ts';
import type { TaskTools } from '#platform/task.ts';
import { changeMigration, isActive, readMigrations, readWork } from '../migration-store.ts';
import { tellPoints } from '../monitoring/export-points.ts';
import { reportGauges } from '../monitoring/gauges.ts';
import { measure } from '../monitoring/measure.ts';
import type { Readings } from '../monitoring/metrics.ts';
import { readingsOf } from '../monitoring/readings.ts';
import { DatabaseRecord, type MigrationRecord } from '../records.ts';
import { keys, readItem } from '../store.ts';
import { alertsChange, inScope } from './decide.ts';
import { listRules } from './rules.ts';
import type { AlertRule } from './schemas.ts';
import type { Severity } from './state.ts';

const mostPages = 20;

/** What one sweep saw of one migration. */
export interface Watched {
  record: MigrationRecord;
  readings: Readings;
}

/**
 * Measures every active migration, holds it against the rules and writes down what fires and what is over. Failures of
 * one do not keep it from the others. Returns how many it looked at and how many alerts fire.
 */
export async function watchAll(
  tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>,
): Promise<{ looked: number; firing: number }> {
  const rules = await listRules();
  const labelsOf = labelReader(rules);
  const watched: Watched[] = [];
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await readWork(from);
    for (const record of await readMigrations(work.ids)) {
      tools.signal.throwIfAborted();
      if (!isActive(record.status) && record.alerts.length === 0) continue;
      try {
        watched.push(await watchOne(record, rules, await labelsOf(record.databaseId)));
      } catch (error) {
        tools.metrics.count('WatchFailed');
        tools.logger.error('migration not watched', error instanceof Error ? error : String(error));
      }
    }
    from = work.next;
    if (from === undefined) break;
  }
  const firing = (severity: Severity) =>
    watched.flatMap(({ record }) => record.alerts).filter((state) => state.severity === severity).length;
  const counts = { warning: firing('warning'), critical: firing('critical') };
  tools.metrics.count('WarningAlerts', counts.warning);
  tools.metrics.count('CriticalAlerts', counts.critical);
  reportGauges(watched, tools.metrics);
  await tellPoints(watched, tools.logger);
  return { looked: watched.length, firing: counts.warning + counts.critical };
}

async function watchOne(
  found: MigrationRecord,
  all: readonly AlertRule[],
  labels: Record<string, string>,
): Promise<Watched> {
  const now = clock.now();
  const readings = readingsOf(found, await measure(found, now));
  const rules = all.filter((rule) => inScope(rule, { id: found.databaseId, labels }));
  const seen = { rules, readings, now };
  if (alertsChange(found, seen) === undefined) return { record: found, readings };
  const record = await changeMigration(found.id, (current) => {
    // What was measured is of another phase: the next look is about the present one.
    if (current.status !== found.status || current.phase !== found.phase) return undefined;
    return alertsChange(current, seen);
  });
  return { record, readings };
}

/** Labels of a database, read once a sweep and only when a rule asks for any. */
function labelReader(rules: readonly AlertRule[]): (id: string) => Promise<Record<string, string>> {
  const asked = rules.some(({ enabled, labels }) => enabled && Object.keys(labels).length > 0);
  const known = new Map<string, Record<string, string>>();
  return async (id) => {
    if (!asked) return {};
    const labels = known.get(id) ?? (await readItem(DatabaseRecord, keys.database(id)))?.labels ?? {};
    known.set(id, labels);
    return labels;
  };
}
