import { readKillSwitches as readRecord } from '../kill-switches/record.ts';

/** The kill switches of an environment as they are stored; undefined where nothing was ever switched off. */
export async function readKillSwitches(
  environment: string,
): Promise<{ document: unknown; revision: string } | undefined> {
  const { document, publication } = await readRecord(environment);
  return publication.revision === 0 ? undefined : { document, revision: String(publication.revision) };
}
