import { InvalidArgumentError } from 'commander';
import type { FlagRollout, NewRollout, RolloutEvent } from '#flags/rollouts/schemas.ts';
import { asTyped, bar, duration } from '../output.ts';

const seconds: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** A step as it is written: `10:30m` is 10 % for half an hour, `100` is all of it. @throws InvalidArgumentError */
export function stepOf(text: string): NewRollout['steps'][number] {
  const [, percentage, amount = '0', unit = 's'] = /^(\d+(?:\.\d+)?)%?(?::(\d+)([smhd]?))?$/.exec(text) ?? [];
  if (percentage === undefined)
    throw new InvalidArgumentError(`Expected a step such as 10:30m, 50:2h or 100, found "${text}".`);
  return { percentage: Number(percentage), holdSeconds: Number(amount) * (seconds[unit || 's'] ?? 1) };
}

/** Where a rollout is by now, in one line; without times, so that it changes only when something happened. */
export function standingText({
  status,
  step,
  steps,
  percentage,
  publishedAt,
  judgement,
}: FlagRollout): string {
  if (status !== 'running') return status.replaceAll('_', ' ');
  if (step === null) return 'begins';
  const place = `step ${step + 1} of ${steps.length}: ${percentage} %`;
  if (publishedAt === null) return `${place}, on its way to readers`;
  const verdict = judgement === null ? '' : `; ${judgement.verdict}`;
  return `${place}, in force${verdict}`;
}

/** The same for a terminal, with how much of the step's time is over. */
export function progressText(rollout: FlagRollout, now: number): string {
  const { publishedAt, holdsUntil, steps, step } = rollout;
  const line = `${rollout.flag}  ${standingText(rollout)}`;
  if (rollout.status !== 'running' || publishedAt === null || holdsUntil === null) return line;
  const holdMs = (steps[step ?? 0]?.holdSeconds ?? 0) * 1_000;
  const left = Math.max(0, Date.parse(holdsUntil) - now);
  return `${line}  ${bar(holdMs === 0 ? 1 : 1 - left / holdMs, 12)}${left > 0 ? `, ${duration(left)} left` : ''}`;
}

const stepText = ({ percentage, holdSeconds }: FlagRollout['steps'][number]): string =>
  `${percentage} %${holdSeconds === 0 ? '' : ` for ${duration(holdSeconds * 1_000)}`}`;

/** A rollout, in a few lines. */
export function rolloutLines(rollout: FlagRollout): string[] {
  const { id, flag, environment, to, rest, steps, judgement, health, reason, paused, next } = rollout;
  return [
    `${id}  ${flag} in ${environment}: ${standingText(rollout)}`,
    `  ${to} instead of ${rest}: ${steps.map(stepText).join(', ')}`,
    ...(reason === null ? [] : [`  ${reason}`]),
    ...(paused === null || paused.why === reason ? [] : [`  paused by ${paused.by}: ${paused.why}`]),
    ...(judgement === null
      ? []
      : judgement.why.filter((why) => !reason?.includes(why)).map((why) => `  ${why}`)),
    ...health.flatMap(({ url, well, detail }) => (well ? [] : [`  not well: ${url} ${detail}`])),
    ...next.map(({ command, why }) => `  ${asTyped(command)}  ${why}`),
  ];
}

/** What is said of an event beside its type: why, or which step. */
export function eventText({ data }: RolloutEvent): string {
  const { why, step, percentage } = data;
  if (typeof why === 'string') return why;
  if (typeof step !== 'number') return '';
  return `step ${step + 1}${typeof percentage === 'number' ? `: ${percentage} %` : ''}`;
}
