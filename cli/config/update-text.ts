import type { ConfigurationKey } from '#configuration/schemas.ts';
import type { ConfigurationUpdate, UpdatePlan } from '#configuration/updates/schemas.ts';
import { asTyped, counted, duration } from '../output.ts';

/** A key in its layer: `shop/limits.orders (environment production)`. */
export function keyText({ namespace, key, ...layer }: ConfigurationKey): string {
  const names = Object.entries(layer).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
  return `${namespace}/${key} (${names.length === 0 ? 'for all' : names.join(', ')})`;
}

const cut = (text: string) => (text.length > 80 ? `${text.slice(0, 77)}…` : text);

type Shown = Pick<ConfigurationUpdate['changes'][number], 'key' | 'kind' | 'value'>;
const changeText = ({ key, kind, value }: Shown): string => {
  if (kind === 'secret') return `${keyText(key)} = (secret)`;
  if (kind === 'delete') return `${keyText(key)} deleted`;
  return value === undefined ? keyText(key) : `${keyText(key)} = ${cut(JSON.stringify(value))}`;
};

/** How an update stands, in a few lines. */
export function updateLines(update: ConfigurationUpdate): string[] {
  const { id, status, changes, services, health, failure, warnings, notes, next } = update;
  return [
    `${id}  ${status.replaceAll('_', ' ')}`,
    ...changes.map((change) => {
      const versions = [change.before, change.after, change.restored].filter((one) => one !== null);
      return `  ${changeText(change)}${versions.length < 2 ? '' : `  version ${versions.join(' → ')}`}`;
    }),
    ...(services.length === 0
      ? []
      : [`  affects ${services.map(({ service, from }) => `${service} (${from})`).join(', ')}`]),
    ...(health.skipped.length === 0
      ? []
      : [`  not asked, for want of instances: ${health.skipped.join(', ')}`]),
    ...health.seen.flatMap(({ place, well, detail }) =>
      well ? [] : [`  not well${health.illBefore.includes(place) ? ', as before' : ''}: ${place} ${detail}`],
    ),
    ...warnings.map(({ rule, key, problem }) => `  rule ${rule}: ${keyText(key)} ${problem}`),
    ...(failure === null ? [] : [`  ${failure.name}: ${failure.message}`]),
    ...(failure?.action ? [`  ${asTyped(failure.action)}`] : []),
    ...notes.map((note) => `  ${note}`),
    ...next.map(({ command, why }) => `  ${asTyped(command)}  ${why}`),
  ];
}

/** What an update would do, in a few lines. */
export function planLines(plan: UpdatePlan): string[] {
  const { changes, services, health, approval, violations, queuedBehind } = plan;
  return [
    ...changes.map((change) => `${changeText(change)}  after version ${change.before}`),
    ...services.map(
      ({ service, from, instances }) =>
        `  affects ${service} (${from}), ${instances === null ? 'an unknown number of instances' : counted(instances, 'instance')}${instances === 0 ? `: ${health.unknown === 'skip' ? 'not asked' : 'fails'}` : ''}`,
    ),
    health.forSeconds === 0
      ? '  services are looked at once'
      : `  watched for ${duration(health.forSeconds * 1_000)}, every ${health.intervalSeconds} s`,
    ...(approval ? ['  waits for somebody to approve'] : []),
    ...violations.map(
      ({ rule, level, key, problem }) =>
        `  ${level === 'refuse' ? 'REFUSED by' : 'warned by'} rule ${rule}: ${keyText(key)} ${problem}`,
    ),
    ...(queuedBehind.length === 0 ? [] : [`  waits behind ${queuedBehind.join(', ')}`]),
  ];
}
