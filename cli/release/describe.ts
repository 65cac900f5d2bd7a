import { z } from 'zod';
import type { Release } from '#deployments/releases/schemas.ts';
import { asTyped, colours, print, table } from '../output.ts';

const colour = (status: string) =>
  ['completed', 'keeping', 'keeping_blue'].includes(status)
    ? colours.green
    : ['needs_attention', 'failed', 'rolled_back'].includes(status)
      ? colours.red
      : colours.yellow;

/** A status for a person: `rolling back`. */
export const statusOf = (status: string): string => colour(status)(status.replaceAll('_', ' '));

/** What a flag is set to, for a person: `high`, `on for 25 %`; of a URL's flags, JSON. */
export function settingText(to: unknown): string {
  const { success, data } = Setting.safeParse(to);
  if (!success) return JSON.stringify(to);
  if (data.enabled !== undefined) return data.enabled ? 'enabled' : 'disabled';
  if (data.percentage !== undefined) return `${data.variant ?? 'on'} for ${data.percentage} %`;
  return data.variant ?? JSON.stringify(to);
}

const Setting = z.strictObject({
  variant: z.string().optional(),
  percentage: z.number().optional(),
  rest: z.string().optional(),
  enabled: z.boolean().optional(),
});

/** Prints where a release stands: members in the order in which they move, flags, and what can be done next. */
export function printRelease(release: Release): void {
  const { id, name, status, members, flags, failure, needs, keepsUntil, next } = release;
  print(`${id}${name === null ? '' : ` (${name})`}: ${statusOf(status)}`);
  if (status === 'keeping' && keepsUntil !== null) print(`  old versions are kept until ${keepsUntil}`);
  if (failure !== null) print(`  ${failure.name}: ${failure.message}`);
  for (const need of needs) print(`  ${colours.red(need)}`);
  const rows = members
    .toSorted((one, other) => one.wave - other.wave)
    .map((one) => [
      String(one.wave + 1),
      one.service,
      `${one.from ?? 'none'} → ${one.version}`,
      one.status === null ? 'not begun' : statusOf(one.status),
      one.percent === null ? '' : `${one.percent} %`,
      one.deployment,
    ]);
  for (const line of table([['WAVE', 'SERVICE', 'VERSION', 'STATUS', 'TRAFFIC', 'DEPLOYMENT'], ...rows]))
    print(line.trimEnd());
  for (const { flag, state, to, from, problem } of flags) {
    const was = from === undefined ? 'as it was' : JSON.stringify(from);
    const is = {
      unknown: `not known${problem === null ? '' : `: ${problem}`}`,
      new: settingText(to),
      old: was,
    };
    print(`  flag ${flag}: ${is[state]}`);
  }
  for (const { command } of next) print(`  ${asTyped(command)}`);
}
