import type { NewEvent } from '#platform/workflow-record.ts';
import { possibleActions } from '../decisions/actions.ts';
import { pausing } from '../decisions/pausing.ts';
import { type Change, isActive } from '../migration-store.ts';
import type { Readings } from '../monitoring/metrics.ts';
import type { MigrationRecord } from '../records.ts';
import { nextAlert } from './evaluate.ts';
import type { AlertRule } from './schemas.ts';
import type { AlertState } from './state.ts';

/** Whether a rule is about migrations of this database. */
export function inScope(
  rule: Pick<AlertRule, 'enabled' | 'database' | 'labels'>,
  database: { id: string; labels: Record<string, string> },
): boolean {
  return (
    rule.enabled &&
    (rule.database === null || rule.database.id === database.id) &&
    Object.entries(rule.labels).every(([label, value]) => database.labels[label] === value)
  );
}

/** What a sweep found out about a migration. */
export interface Seen {
  /** Those that are about it. */
  rules: readonly AlertRule[];
  readings: Readings;
  /** Epoch ms. */
  now: number;
}

/**
 * What the record says after a look: its alerts, an event for each that fires or is over, and the pause that a rule
 * asks for at critical, in one write. Undefined: nothing to write.
 */
export function alertsChange(record: MigrationRecord, { rules, readings, now }: Seen): Change | undefined {
  const active = isActive(record.status);
  const before = new Map(record.alerts.map((state) => [state.rule, state]));
  const after = rules.flatMap((rule) => {
    const reading = active ? readings[rule.metric] : ({ state: 'idle' } as const);
    return nextAlert(rule, before.get(rule.name), { reading, now }) ?? [];
  });
  const ruleOf = new Map(rules.map((rule) => [rule.name, rule]));
  const fired = after.filter(
    ({ rule, severity }) => severity !== null && severity !== before.get(rule)?.severity,
  );
  const resolved = record.alerts.filter(
    (state) =>
      state.severity !== null &&
      !after.some(({ rule, severity }) => rule === state.rule && severity !== null),
  );
  const over = record.alerts.some(({ rule }) => !after.some((state) => state.rule === rule));
  const news = fired.length > 0 || resolved.length > 0;
  if (!news && !over && !after.some((state) => moved(state, before.get(state.rule)))) return undefined;

  const events: NewEvent[] = [
    ...fired.flatMap((state) => {
      const rule = ruleOf.get(state.rule);
      return rule === undefined ? [] : [firing(state, rule)];
    }),
    ...resolved.map((state) => ({
      type: 'alert.resolved',
      actor: 'theseus',
      data: {
        rule: state.rule,
        metric: state.metric,
        severity: state.severity,
        reason: reasonOf(state, active, ruleOf, readings),
      },
    })),
  ];
  const pausedBy = fired.find(
    ({ rule, severity }) => severity === 'critical' && ruleOf.get(rule)?.action === 'pause',
  );
  const pause =
    pausedBy !== undefined && possibleActions(record).includes('pause')
      ? pausing(record, {
          subject: 'theseus',
          comment: `Alert rule ${pausedBy.rule} is critical: ${pausedBy.metric} is ${pausedBy.value}`,
        })
      : undefined;
  return {
    set: { alerts: after, ...pause?.set },
    events: [...events, ...(pause?.events ?? [])],
    bookkeeping: !news,
  };
}

/** What is pending is written at every look, so that a gap between two looks is known. */
const moved = (state: AlertState, former: AlertState | undefined): boolean =>
  former === undefined ||
  state.severity === null ||
  state.missing !== former.missing ||
  state.warning.since !== former.warning.since ||
  state.critical.since !== former.critical.since;

function firing(state: AlertState, rule: AlertRule): NewEvent {
  const level = state.severity === 'critical' ? 'critical' : 'warning';
  return {
    type: 'alert.firing',
    actor: 'theseus',
    data: {
      rule: rule.name,
      metric: rule.metric,
      severity: level,
      value: state.value,
      comparison: rule.comparison,
      threshold: rule[level],
      forSeconds: rule.forSeconds,
      since: new Date(state[level].since ?? state.lookedAt).toISOString(),
    },
  };
}

function reasonOf(
  { rule, metric }: AlertState,
  active: boolean,
  rules: Map<string, AlertRule>,
  readings: Readings,
): string {
  if (!active) return 'The migration is over';
  if (!rules.has(rule)) return 'The rule is gone, or is about it no more';
  return readings[metric].state === 'idle' ? 'The metric says nothing any more' : 'The value is good again';
}
