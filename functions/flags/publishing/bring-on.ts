import type { InvocationLogger, InvocationMetrics } from '#platform/telemetry.ts';
import { publishFlagEvents, readEnvironment } from '../environments/environments.ts';
import { publishKillSwitchEvents, refreshKillSwitches } from '../kill-switches/kill.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { wakeRollouts } from '../rollouts/wake.ts';
import { flagsPlace, killSwitchesPlace } from './places.ts';
import { isDue } from './progress.ts';
import { publish } from './publish.ts';

/**
 * Does for an environment whatever is left to do: kill switches first, then its flags, then the events of both, then
 * rollouts that waited for it. Throws what AppConfig or the table failed with; what was done until then stays.
 */
export async function bringOn(environment: string): Promise<void> {
  const switches = await refreshKillSwitches(environment);
  if (isDue(switches)) await publish(killSwitchesPlace(environment));
  const record = await readEnvironment(environment);
  if (isDue(record)) await publish(flagsPlace(environment));
  await publishFlagEvents(await readEnvironment(environment));
  await publishKillSwitchEvents(await readKillSwitches(environment));
  await wakeRollouts(environment);
}

interface Tools {
  logger: InvocationLogger;
  metrics: InvocationMetrics;
}

/** The same as far as it is possible now: what was stored counts anyway, and a sweeper does the rest within a minute. */
export async function tryToBringOn(environment: string, { logger, metrics }: Tools): Promise<void> {
  try {
    await bringOn(environment);
  } catch (error) {
    metrics.count('BringOnFailed');
    logger.warn('flags not brought on; the sweeper does it', error instanceof Error ? error : String(error));
  }
}
