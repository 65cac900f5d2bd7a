import { type Command, Option } from 'commander';
import type { AlertRule } from '#migrations/alerts/schemas.ts';
import { Metric, metrics } from '#migrations/monitoring/metrics.ts';
import { labelOf } from '../database/labels.ts';
import { seconds } from '../migration/plan.ts';
import { numberOf } from '../number.ts';
import { duration } from '../output.ts';

/** What a rule is made of, as options. */
export interface RuleOptions {
  metric?: Metric;
  below?: boolean;
  above?: boolean;
  warning?: number;
  critical?: number;
  for?: string;
  database?: string;
  label?: Record<string, string>;
  action?: AlertRule['action'];
  off?: boolean;
  on?: boolean;
  json?: boolean;
}

/** The options that `add` and `change` have in common. */
export const withRuleOptions = (command: Command): Command =>
  command
    .addOption(new Option('--metric <metric>', 'what is watched').choices(Metric.options))
    .option('--above', 'a threshold is passed at this value or above (default)')
    .option('--below', 'a threshold is passed at this value or below')
    .addOption(new Option('--warning <value>', 'threshold of a warning').argParser(numberOf))
    .addOption(new Option('--critical <value>', 'threshold of a critical alert').argParser(numberOf))
    .option('--for <time>', 'how long it must be passed, e.g. 90s or 10m; at once without it')
    .option('--database <name>', 'only this database')
    .option('--label <name=value>', 'only databases with this label; may be repeated', labelOf)
    .addOption(
      new Option('--action <action>', 'what the rule does itself at critical').choices(['none', 'pause']),
    );

/** As the API takes it; what was not named is left out. */
export function bodyOf(options: RuleOptions): Record<string, unknown> {
  const comparison = options.below ? 'below' : options.above ? 'above' : undefined;
  return {
    metric: options.metric,
    comparison,
    warning: options.warning,
    critical: options.critical,
    forSeconds: seconds('--for', options.for),
    database: options.database,
    labels: options.label,
    action: options.action,
    enabled: options.off ? false : options.on ? true : undefined,
  };
}

/** One rule in a line: `above 600 s warning, 1800 s critical, for 5 min 0 s`. */
export function thresholds({ metric, comparison, warning, critical, forSeconds }: AlertRule): string {
  const { unit } = metrics[metric];
  const value = (one: number) => (/^[a-z]/i.test(unit) && unit !== 'By' ? `${one} ${unit}` : String(one));
  const levels = [
    ...(warning === null ? [] : [`${value(warning)} warning`]),
    ...(critical === null ? [] : [`${value(critical)} critical`]),
  ].join(', ');
  return `${comparison} ${levels}${forSeconds === 0 ? '' : `, for ${duration(forSeconds * 1_000)}`}`;
}

/** Which databases a rule is about. */
export function scope({ database, labels }: Pick<AlertRule, 'database' | 'labels'>): string {
  const parts = [
    ...(database === null ? [] : [database.name]),
    ...Object.entries(labels).map(([label, value]) => `${label}=${value}`),
  ];
  return parts.length === 0 ? 'all databases' : parts.join(' ');
}
