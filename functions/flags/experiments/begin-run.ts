import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import type { RecordChange } from '#platform/workflow-record.ts';
import { changeExperiment, type ExperimentRecord, ensureExperiment } from './experiment-store.ts';
import { usualControl } from './flag-facts.ts';
import { registeredFlags } from './registered-flags.ts';
import type { NewRun, Run } from './run-schemas.ts';

/** Begins the next run of an experiment: nobody has been seen in it. Throws NotFound, InvalidInput. */
export async function beginRun(
  environment: string,
  flag: string,
  { why, control }: NewRun,
  by: string,
): Promise<Run> {
  const facts = (await registeredFlags(environment)).facts.get(flag);
  if (facts === undefined || !facts.experiment) {
    throw new InvalidInput(`${flag} is no experiment of ${environment}`, {
      problems: [{ pointer: '/path/flag', detail: 'Expected a flag whose kind is experiment' }],
      action: `Set its kind first: theseus flag set ${flag} --kind experiment`,
    });
  }
  if (control !== undefined && !facts.variants.includes(control)) {
    throw new InvalidInput(`${flag} has no variant ${control}`, {
      problems: [
        { pointer: '/body/control', detail: `Expected one of ${facts.variants.slice(0, 10).join(', ')}` },
      ],
      action: 'Name one of its variants.',
    });
  }
  await ensureExperiment(environment, flag);
  const record = await changeExperiment(environment, flag, (found) => nextRun(found, why, control, by));
  const { run, startedAt } = record;
  return { flag, run, startedAt, control: record.control ?? usualControl(facts), sticky: facts.sticky };
}

const nextRun = (
  { run }: ExperimentRecord,
  why: string,
  control: string | undefined,
  by: string,
): RecordChange<ExperimentRecord> => ({
  set: {
    run: run + 1,
    startedAt: clock.iso(),
    control: control ?? null,
    why,
    mismatch: null,
    dueSince: null,
    lookingSince: null,
  },
  events: [{ type: 'flag.experiment_started', actor: by, data: { run: run + 1, why } }],
});

/** Begins a run for a step of a rollout, once: `why` tells it from others. Returns its number. */
export async function beginRunOf(
  environment: string,
  flag: string,
  { why, control, by }: { why: string; control: string; by: string },
): Promise<number> {
  await ensureExperiment(environment, flag);
  const { run } = await changeExperiment(environment, flag, (found) =>
    found.why === why ? undefined : nextRun(found, why, control, by),
  );
  return run;
}
