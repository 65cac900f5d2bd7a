import type { Finding } from '../engines/engine.ts';
import { type Asked, followed, major } from './asked.ts';
import type { FoundTable, SideFacts } from './facts.ts';

const finding = (code: string, problem: string, action: string): Finding => ({ code, problem, action });

/** What one side must be able to do, whichever it is. */
function missingOn(name: string, facts: SideFacts, needs: { slots: number; workers: number }): Finding[] {
  const set = (setting: string) => `ALTER SYSTEM SET ${setting}`;
  return [
    ...(facts.walLevel === 'logical'
      ? []
      : [
          finding(
            'wal_level',
            `wal_level of ${name} is ${facts.walLevel}: its changes cannot be followed`,
            `On ${name}: ${set('wal_level = logical')}; then restart it (Amazon RDS: rds.logical_replication = 1).`,
          ),
        ]),
    ...(facts.slotsFree >= needs.slots && facts.sendersFree >= needs.slots
      ? []
      : [
          finding(
            'replication_slots',
            `${name} has ${facts.slotsFree} replication slots and ${facts.sendersFree} senders free: ${needs.slots} are needed`,
            `Drop slots that nobody uses, or raise max_replication_slots and max_wal_senders on ${name}.`,
          ),
        ]),
    ...(facts.workersFree >= needs.workers
      ? []
      : [
          finding(
            'replication_workers',
            `${name} has ${facts.workersFree} workers for replication free: ${needs.workers} are needed`,
            `Raise max_logical_replication_workers (and max_worker_processes) on ${name}.`,
          ),
        ]),
    ...(facts.mayReplicate
      ? []
      : [
          finding(
            'replication_right',
            `The role ${facts.role} of ${name} may not replicate`,
            `Run as an administrator: ALTER ROLE "${facts.role}" REPLICATION (Amazon RDS: GRANT rds_replication TO "${facts.role}").`,
          ),
        ]),
    ...(facts.maySubscribe
      ? []
      : [
          finding(
            'subscription_right',
            `The role ${facts.role} of ${name} may not make subscriptions`,
            `Run as an administrator: GRANT pg_create_subscription TO "${facts.role}" (before PostgreSQL 16 it takes a superuser, on Amazon RDS rds_superuser).`,
          ),
        ]),
    ...(facts.mayCreate
      ? []
      : [
          finding(
            'create_right',
            `The role ${facts.role} may not create schemas and publications in ${name}`,
            `Run as an administrator: GRANT CREATE ON DATABASE "${facts.database}" TO "${facts.role}".`,
          ),
        ]),
  ];
}

/** What of the tables themselves stands in the way. */
function missingOfTables(tables: FoundTable[]): Finding[] {
  const names = new Set(tables.map(({ name }) => name));
  return tables.flatMap((table) => [
    ...(table.key === null || table.identity === 'n'
      ? [
          finding(
            'no_replica_identity',
            `Rows of ${table.name} cannot be told apart: it has no primary key and no index as its replica identity`,
            `Give it a primary key, or a unique index over NOT NULL columns with the operation set_replica_identity; or name the other tables under tables.`,
          ),
        ]
      : []),
    ...(table.owned
      ? []
      : [
          finding(
            'not_owner',
            `Theseus does not own ${table.name} and cannot publish it`,
            `Grant the table's owner to Theseus' role, or let Theseus own it.`,
          ),
        ]),
    ...table.references
      .filter((name) => !names.has(name))
      .map((name) =>
        finding(
          'reference_left_behind',
          `${table.name} points to ${name}, whose rows would stay behind`,
          `Name ${name} under tables too.`,
        ),
      ),
  ]);
}

/**
 * A subscription writes into the table of the same schema and name: within one database into the very table that it
 * follows, and never into one of another schema.
 */
export const insteadOfOneDatabase =
  'Register another database as the target; one of the same server will do. Between two schemas of one database nothing can follow: for a new version of a schema leave strategy out, for its rows in another schema plan a data migration.';

/** Everything that stands in the way; the order is that of the work. */
export function findProblems(asked: Asked): Finding[] {
  const { blue, green, target, source } = asked;
  const tables = followed(asked);
  const foreign = blue.tables.filter(({ kind }) => kind === 'f');
  const lacking =
    green.available.length === 0 ? [] : blue.extensions.filter((name) => !green.available.includes(name));
  const roles = [...new Set([...blue.grantees, ...blue.owners])].filter(
    (role) => !green.roles.includes(role) && role !== blue.role,
  );
  // Two databases of one server draw on the same slots and workers.
  const oneServer = blue.server === green.server;
  return [
    ...(oneServer && blue.database === green.database
      ? [finding('same_database', `${source} and ${target.name} are the same database`, insteadOfOneDatabase)]
      : []),
    ...(tables.length === 0
      ? [finding('no_tables', 'There is no table to move', 'Name another schema, or other tables.')]
      : []),
    ...(major(green.version) < major(blue.version)
      ? [
          finding(
            'target_older',
            `${target.name} is PostgreSQL ${major(green.version)}, older than ${source} (${major(blue.version)})`,
            'Move to the same major version or a newer one.',
          ),
        ]
      : []),
    ...(green.relations > 0
      ? [
          finding(
            'target_not_empty',
            `Schema ${asked.schema} of ${target.name} has ${green.relations} tables, views or sequences`,
            'Give an empty database as the target, or drop what is there.',
          ),
        ]
      : []),
    ...missingOn(source, blue, oneServer ? { slots: 4, workers: 3 } : { slots: 3, workers: 1 }),
    ...missingOn(target.name, green, oneServer ? { slots: 0, workers: 0 } : { slots: 1, workers: 2 }),
    ...missingOfTables(tables),
    ...(foreign.length > 0
      ? [
          finding(
            'foreign_tables',
            `Foreign tables cannot be copied: ${foreign.map(({ name }) => name).join(', ')}`,
            'Move them to another schema, and make them there on the new server.',
          ),
        ]
      : []),
    ...(lacking.length > 0
      ? [
          finding(
            'extensions',
            `${target.name} does not have the extensions ${lacking.join(', ')}`,
            'Install them on its server.',
          ),
        ]
      : []),
    ...(roles.length > 0
      ? [
          finding(
            'roles',
            `${target.name} does not have the roles ${roles.join(', ')}, which own or may use tables`,
            `Create them on its server: ${roles.map((role) => `CREATE ROLE "${role}"`).join('; ')}.`,
          ),
        ]
      : []),
    ...(blue.encoding !== green.encoding && green.encoding !== 'UTF8'
      ? [
          finding(
            'encoding',
            `${target.name} has the encoding ${green.encoding}, which cannot hold all of ${blue.encoding}`,
            'Create the target with ENCODING UTF8.',
          ),
        ]
      : []),
  ];
}
