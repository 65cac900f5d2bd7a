import { z } from 'zod';
import type { About, AccessControl, Caller } from '#platform/access.ts';
import { Forbidden } from '#platform/errors.ts';
import { findBackup } from '../backups/catalogue.ts';
import { findDatabase } from '../databases/databases.ts';
import { readFleet } from '../fleet/store.ts';
import { readTargetList } from '../fleet/target-list.ts';
import { readMigration } from '../migration-store.ts';
import { DatabaseRecord, type MigrationRecord } from '../records.ts';
import { keys, readItem } from '../store.ts';
import { Action, Guarded } from './actions.ts';
import {
  type AccessRules,
  allows,
  allowsEverywhere,
  allowsSomewhere,
  type DatabaseFacts,
  groupsThatMay,
  type Thing,
} from './evaluate.ts';
import { breaksGlass } from './glass.ts';
import { readAccessRules } from './store.ts';

/** Databases whose labels are looked up for one request. */
const mostLookedUp = 1_000;

function refusal(caller: Caller, action: Action, thing: Thing, rules: AccessRules): Forbidden {
  const database = thing === 'platform' ? undefined : thing.name;
  const held = groupsThatMay(action, thing, rules);
  const closed = thing !== 'platform' && rules.restricted.has(thing.id);
  return new Forbidden(
    `${caller.subject} may not ${action} ${database === undefined ? 'here' : `on the database ${database}`}${closed ? ', which is restricted' : ''}`,
    {
      evidence: { action, database: database ?? null, restricted: closed, roles: caller.roles, held },
      action:
        action === 'manage_permissions'
          ? 'Ask an administrator to do it.'
          : `Ask ${held.length === 0 ? 'an administrator' : `a member of ${held.join(' or ')} to do it, or an administrator`} for: theseus permission grant --group <group> --action ${action}${database === undefined ? '' : ` --database ${database}`}`,
    },
  );
}

/** Throws Forbidden naming the action, the database and who may. */
function assertAllowed(caller: Caller, action: Action, thing: Thing, rules: AccessRules): void {
  if (!allows(caller, action, thing, rules)) throw refusal(caller, action, thing, rules);
}

/** The database of a migration as it stands now; of one that was forgotten, only what the migration itself keeps of it. */
async function databaseOf(migration: MigrationRecord): Promise<DatabaseFacts> {
  const { databaseId: id, databaseName: name } = migration;
  return (await readItem(DatabaseRecord, keys.database(id))) ?? { id, name, labels: {} };
}

/** Every database of a fleet, as far as rights depend on it. Throws Forbidden when there are too many to look at. */
async function databasesOfFleet(id: string): Promise<DatabaseFacts[]> {
  const targets = await readTargetList(id, 0, (await readFleet(id)).targets);
  const names = new Map(targets.map(({ databaseId, database }) => [databaseId, database]));
  if (names.size > mostLookedUp) {
    throw new Forbidden(`Fleet ${id} has ${names.size} databases, too many to look at the rights on each`, {
      evidence: { databases: names.size, limit: mostLookedUp },
      action: 'Ask someone who may do this on every database: by role, or by a permission without databases.',
    });
  }
  const found: DatabaseFacts[] = [];
  for (const [databaseId, name] of names) {
    const record = await readItem(DatabaseRecord, keys.database(databaseId));
    found.push(record ?? { id: databaseId, name, labels: {} });
  }
  return found;
}

const WithId = z.object({ id: z.string() });
const WithDatabase = z.object({ database: z.string() });

/** What a request is about: the databases that its action is done to. */
async function databasesIn(on: Guarded, params: unknown, body: unknown): Promise<DatabaseFacts[]> {
  switch (on) {
    case 'database':
      return [await findDatabase(WithId.parse(params).id)];
    case 'database in the body':
      return [await findDatabase(WithDatabase.parse(body).database)];
    case 'migration':
      return [await databaseOf(await readMigration(WithId.parse(params).id))];
    case 'backup':
      return [await databaseOf((await findBackup(WithId.parse(params).id)).migration)];
    case 'fleet':
      return databasesOfFleet(WithId.parse(params).id);
    case 'each database':
    case 'platform':
      return [];
  }
}

/** An approval past the approvers takes the place of theirs; a start past them is a start all the same. */
function actionsFor(action: Action, body: unknown): Action[] {
  if (!breaksGlass(body)) return [action];
  return action === 'approve' ? ['break_glass'] : [action, 'break_glass'];
}

/** Judges every request to the API of migrations by the rules of this moment. */
export const accessControl: AccessControl = {
  async admit(caller, declared) {
    const action = Action.parse(declared.action);
    const on = Guarded.parse(declared.on);
    const rules = await readAccessRules();
    const possible =
      on === 'platform' ? allows(caller, action, 'platform', rules) : allowsSomewhere(caller, action, rules);
    // Past the approvers: whether the body says so is not known yet.
    const past = action === 'approve' && allowsSomewhere(caller, 'break_glass', rules);
    if (!possible && !past) throw refusal(caller, action, 'platform', rules);
    return async ({ params, body }): Promise<About> => {
      if (on === 'platform' || on === 'each database') return {};
      const needed = actionsFor(action, body);
      const used = breaksGlass(body) ? { action: 'break_glass' } : {};
      if (on === 'fleet' && needed.every((one) => allowsEverywhere(caller, one, rules))) return used;
      const databases = await databasesIn(on, params, body);
      for (const one of needed) {
        for (const database of databases) assertAllowed(caller, one, database, rules);
      }
      const [only, ...others] = databases;
      return only === undefined || others.length > 0 ? used : { ...used, database: only.name };
    };
  },
};

/** The database that a migration belongs to, by what the migration keeps of it. */
export const databaseIn = ({
  databaseId,
  databaseName,
}: MigrationRecord): Pick<DatabaseFacts, 'id' | 'name'> => ({
  id: databaseId,
  name: databaseName,
});

/** Those of a page that belong to databases which the caller may see. */
export async function visibleOf<T>(
  caller: Caller,
  items: readonly T[],
  databaseOfItem: (item: T) => Pick<DatabaseFacts, 'id' | 'name'>,
): Promise<T[]> {
  const rules = await readAccessRules();
  if (allowsEverywhere(caller, 'view_progress', rules)) return [...items];
  const visible = new Map<string, boolean>();
  for (const { id, name } of items.map(databaseOfItem)) {
    if (visible.has(id)) continue;
    const database = (await readItem(DatabaseRecord, keys.database(id))) ?? { id, name, labels: {} };
    visible.set(id, allows(caller, 'view_progress', database, rules));
  }
  return items.filter((item) => visible.get(databaseOfItem(item).id));
}

/** Throws Forbidden unless the caller may do this to each of the databases. */
export async function assertAllowedOnAll(
  caller: Caller,
  action: Action,
  databases: readonly DatabaseFacts[],
): Promise<void> {
  const rules = await readAccessRules();
  for (const database of databases) assertAllowed(caller, action, database, rules);
}
