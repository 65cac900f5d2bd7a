import { emptyDocument, type Feed } from './feed.ts';

/** The document of kill switches as the platform stored it; undefined where nothing was ever switched. */
export type ReadKillSwitches = (
  environment: string,
) => Promise<{ document: unknown; revision: string } | undefined>;

/** Kill switches from the platform's own table, at most a second old: for the platform's own functions. */
export function storedKillSwitches(environment: string, read: ReadKillSwitches): Feed {
  return {
    name: `kill switches of ${environment} in the table`,
    parts: ['killSwitches'],
    intervalMs: 500,
    staleAfterMs: 1_000,
    async ask(cursor) {
      const found = (await read(environment)) ?? { document: emptyDocument, revision: '0' };
      if (found.revision === cursor) return { cursor };
      return {
        documents: { killSwitches: found.document },
        revision: found.revision,
        cursor: found.revision,
      };
    },
  };
}
