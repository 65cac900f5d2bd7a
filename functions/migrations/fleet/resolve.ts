import { InvalidInput } from '#platform/errors.ts';
import type { Place } from '#platform/records.ts';
import { listSchemas } from '../databases/connector-calls.ts';
import { findDatabase, listDatabases } from '../databases/databases.ts';
import type { DatabaseRecord } from '../records.ts';
import type { FleetTarget, Wave } from './records.ts';
import type { FleetSelection, FleetWaves } from './schemas.ts';
import { chooses, hasLabels, targetsIn } from './selection.ts';
import { canariesFirst, wavesOf } from './waves.ts';

/** What one fleet may hold. */
const mostTargets = 100_000;
const mostDatabases = 20_000;

const refuse = (pointer: string, detail: string, action: string): InvalidInput =>
  new InvalidInput(detail, { problems: [{ pointer, detail }], action });

async function chosenDatabases(selection: FleetSelection): Promise<DatabaseRecord[]> {
  if (selection.databases !== undefined) {
    const found = new Map<string, DatabaseRecord>();
    for (const reference of selection.databases) {
      const database = await findDatabase(reference);
      if (chooses(selection, database)) found.set(database.id, database);
    }
    return [...found.values()];
  }
  const all: DatabaseRecord[] = [];
  let from: Place | undefined;
  for (let looked = 0; looked < mostDatabases; looked += 100) {
    const page = await listDatabases(100, from);
    all.push(...page.items.filter((database) => chooses(selection, database)));
    from = page.next;
    if (from === undefined) break;
  }
  return all;
}

async function schemasIn(
  database: DatabaseRecord,
  schemas: FleetSelection['schemas'],
  requestId: string,
): Promise<string[]> {
  if (schemas === undefined) return [database.schema];
  if (Array.isArray(schemas)) return [...new Set(schemas)];
  const found: string[] = [];
  for (let after = ''; ; after = found.at(-1) ?? '') {
    const page = await listSchemas(database, { like: schemas, after }, requestId);
    found.push(...page.schemas);
    if (!page.more || found.length > mostTargets) return found;
  }
}

/** Throws when one of the databases may not be planned for; asked before anything in them is looked at. */
export type Permit = (databases: readonly DatabaseRecord[]) => Promise<void>;

/**
 * Every target that a selection names, canaries first, and the waves they are migrated in. Reads the databases' schemas,
 * and changes nothing. Throws NotFound, InvalidInput and what a connector reports.
 */
export async function resolveTargets(
  selection: FleetSelection,
  { canary, percent }: FleetWaves,
  { requestId, permit }: { requestId: string; permit: Permit },
): Promise<{ targets: FleetTarget[]; waves: Wave[] }> {
  const databases = await chosenDatabases(selection);
  if (databases.length === 0) {
    throw refuse(
      '/body/targets',
      'No database fits the selection',
      'Look at their labels with: theseus database list --json',
    );
  }
  await permit(databases);
  const found = [];
  for (const database of databases) {
    const schemas = await schemasIn(database, selection.schemas, requestId);
    found.push(...targetsIn(database, schemas, selection.exclude));
    if (found.length > mostTargets) {
      throw refuse(
        '/body/targets',
        `The selection names more than ${mostTargets} targets`,
        'Split it into several fleets, by labels or by patterns.',
      );
    }
  }
  if (found.every(({ excluded }) => excluded !== undefined)) {
    throw refuse(
      '/body/targets',
      found.length === 0 ? 'No schema fits the pattern' : 'Every target is left out',
      'Look at the pattern (LIKE: _ and % are wildcards) and at the exclusions.',
    );
  }
  const byId = new Map(databases.map((database) => [database.id, database]));
  // What is left out stands last, in no wave.
  const included = found.filter(({ excluded }) => excluded === undefined);
  const ordered = canariesFirst(included, canary, ({ databaseId }, labels) => {
    const database = byId.get(databaseId);
    return database !== undefined && hasLabels(database, labels);
  });
  const all = [...ordered.targets, ...found.filter(({ excluded }) => excluded !== undefined)];
  return {
    targets: all.map((target, index) => ({ index, ...target })),
    waves: wavesOf(included.length, ordered.canaries, percent),
  };
}
