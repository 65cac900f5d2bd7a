import { setTimeout as sleep } from 'node:timers/promises';
import { Migration } from '#migrations/schemas.ts';
import type { Ask } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';

const longestMs = 10 * 60_000;

/** Asks for a migration until `done` says so, at most 10 minutes. @throws Failure (failed) when it takes longer. */
export async function settled(
  ask: Ask,
  first: Migration,
  done: (migration: Migration) => boolean,
): Promise<Migration> {
  let migration = first;
  for (const end = Date.now() + longestMs; !done(migration); ) {
    if (Date.now() > end) {
      throw new Failure(`${migration.id} is still ${migration.status} after 10 minutes.`, {
        code: exitCode.failed,
        action: `Look again with npx theseus migration show ${migration.id}`,
      });
    }
    await sleep(300);
    migration = await ask({ method: 'GET', path: `/migrations/${migration.id}`, answer: Migration });
  }
  return migration;
}
