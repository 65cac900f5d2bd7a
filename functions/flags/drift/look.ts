import { readEnvironment } from '../environments/environments.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { flagsPublication, killSwitchesPublication } from '../publishing/places.ts';
import type { Publication } from '../records.ts';
import { detectDrift } from './detect.ts';
import type { FlagDrift } from './schemas.ts';

/** Looks at the flags of an environment and at its kill switches. Returns in how many something else is in force. Throws NotFound. */
export async function lookForDrift(environment: string): Promise<number> {
  const { remediate } = (await readEnvironment(environment)).settings;
  let drifted = 0;
  for (const place of [flagsPublication(environment), killSwitchesPublication(environment)])
    if (await detectDrift(place, remediate)) drifted += 1;
  return drifted;
}

/** What of an environment is not in force as it ought to be, as the last look found it. Throws NotFound. */
export async function readDrift(environment: string): Promise<FlagDrift[]> {
  const { publication, settings } = await readEnvironment(environment);
  const switches = await readKillSwitches(environment);
  const viewOf = (document: string, { drift, redeployedAt, deployed }: Publication): FlagDrift[] =>
    drift === null
      ? []
      : [
          {
            ...drift,
            redeployedAt,
            document,
            revision: deployed?.revision ?? 0,
            remediate: settings.remediate,
          },
        ];
  return [
    ...viewOf(environment, publication),
    ...viewOf(`${environment}-kill-switches`, switches.publication),
  ];
}
