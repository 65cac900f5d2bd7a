import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { InvalidInput, NotFound } from '#platform/errors.ts';
import { hourOf } from '../experiments/events.ts';
import { findExperiment } from '../experiments/experiment-store.ts';
import { factsOf } from '../experiments/flag-facts.ts';
import { registeredFlags } from '../experiments/registered-flags.ts';
import { readUse } from '../experiments/use-store.ts';
import { analyse } from './analyse.ts';
import type { FlagAnalytics } from './schemas.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const usualDays = 30;
const mostDays = 92;
/** Events may be a week old when they come, and are of an hour that began before they came. */
const lateMs = 7 * dayMs;

export const Window = z.strictObject({
  from: z.iso.datetime().optional().describe('Begins with its hour; else with the run, or 30 days ago'),
  to: z.iso.datetime().optional().describe('Ends with its hour; else now'),
});
export type Window = z.infer<typeof Window>;

/** What the numbers of a flag say. Throws NotFound, and InvalidInput for windows that end before they begin or are over 92 days. */
export async function readAnalytics(
  environment: string,
  flag: string,
  window: Window,
): Promise<FlagAnalytics> {
  const { written, facts: all } = await registeredFlags(environment);
  if (!written.has(flag)) {
    throw new NotFound(`There is no flag ${flag} in ${environment}`, {
      evidence: { environment, flag },
      action: `List them with \`theseus flag list --environment ${environment}\`.`,
    });
  }
  const facts = all.get(flag) ?? factsOf(flag, { variants: {} });
  const experiment = facts.experiment ? await findExperiment(environment, flag) : undefined;
  const begun = experiment && Date.parse(experiment.startedAt);
  const now = clock.now();
  const to = window.to === undefined ? now : Date.parse(window.to);
  const usualFrom =
    begun === undefined ? to - usualDays * dayMs : Math.max(begun - hourMs, to - mostDays * dayMs);
  const from = window.from === undefined ? Math.min(usualFrom, to) : Date.parse(window.from);
  if (from > to || to - from > mostDays * dayMs) {
    throw new InvalidInput(`Expected at most ${mostDays} days from ${iso(from)} on, found ${iso(to)}`, {
      problems: [{ pointer: '/query/to', detail: `Expected after \`from\`, at most ${mostDays} days` }],
      action: 'Ask for a part of it.',
    });
  }
  // The split is judged by the whole run, whatever part of it is looked at.
  const earliest = begun === undefined ? from : Math.min(from, begun - lateMs);
  const hours = await readUse(environment, flag, hourOf(earliest), hourOf(Math.max(to, now + hourMs)));
  const within = hours.filter(({ hour }) => hour >= hourOf(from) && hour <= hourOf(to));
  return analyse({
    environment,
    facts,
    experiment,
    window: within,
    run: hours,
    from: iso(from),
    to: iso(to),
  });
}

const iso = (time: number): string => new Date(time).toISOString();
