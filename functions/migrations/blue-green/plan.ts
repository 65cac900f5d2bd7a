import { InvalidInput } from '#platform/errors.ts';
import type { Finding } from '../engines/engine.ts';
import type { Note, Plan } from '../plan/schemas.ts';
import { noSteps } from '../plan/steps.ts';
import { qualified } from '../sql/identifiers.ts';
import type { FoundTable, SideFacts } from './facts.ts';
import type { BlueGreenFile } from './file.ts';
import type { BlueGreenPlan } from './schemas.ts';

/** From this version on a publisher can leave out what came to it by replication. */
const twoWaySince = 160_000;

export interface Asked {
  file: BlueGreenFile;
  schema: string;
  source: string;
  target: { id: string; name: string };
  blue: SideFacts;
  green: SideFacts;
}

const major = (version: number): number => Math.floor(version / 10_000);

/** Tables whose rows go along: those named, or all that can; partitions go with their table. */
function followed({ file, blue }: Pick<Asked, 'file' | 'blue'>): FoundTable[] {
  const whole = blue.tables.filter(({ kind, partition }) => !partition && (kind === 'r' || kind === 'p'));
  const unknown = (file.tables ?? []).filter((name) => !whole.some((table) => table.name === name));
  if (unknown.length > 0) {
    throw new InvalidInput(`The schema has no table ${unknown.join(', ')}`, {
      problems: unknown.map((name) => ({
        pointer: `/tables/${file.tables?.indexOf(name) ?? 0}`,
        detail: `${name} is not a table of the schema, or is a partition of one`,
      })),
      evidence: { tables: unknown },
      action: 'Correct the names; partitions go along with their table.',
    });
  }
  const wanted = file.tables === undefined ? whole : whole.filter(({ name }) => file.tables?.includes(name));
  return wanted.filter(({ persistent }) => persistent);
}

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
  return [
    ...(blue.server === green.server && blue.database === green.database
      ? [
          finding(
            'same_database',
            `${source} and ${target.name} are the same database`,
            'Register another database as the target; two schemas of one database are not moved this way.',
          ),
        ]
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
    ...missingOn(source, blue, { slots: 3, workers: 1 }),
    ...missingOn(target.name, green, { slots: 1, workers: 2 }),
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

function notesOf(asked: Asked, twoWay: boolean): Note[] {
  const { blue, green, file, target, source } = asked;
  const taken = new Set(followed(asked).map(({ name }) => name));
  const whole = blue.tables.filter(({ partition }) => !partition);
  const names = (list: FoundTable[]) => list.map(({ name }) => name).join(', ');
  const unlogged = whole.filter(({ persistent, kind }) => !persistent && kind === 'r');
  const left = whole.filter(({ name, persistent, kind }) => !taken.has(name) && persistent && kind !== 'f');
  const note = (severity: Note['severity'], code: string, text: string): Note => ({
    code,
    severity,
    operation: null,
    text,
  });
  const keep = blue.slotKeepBytes;
  return [
    note(
      'info',
      'after_switch',
      twoWay
        ? `From the switch on both ${source} and ${target.name} take writes, each sees the other's, and clients may move one after another. A row that clients of both sides change at the same moment ends as either has it; the comparison during the soak names such rows.`
        : `From the switch on ${source} refuses writes (SQLSTATE 25006) and is fed by ${target.name}: clients that get this error follow to ${target.name}.`,
    ),
    note(
      'info',
      'undo_until_soak_ends',
      `Until the soak ends clients can be taken back to ${source} with everything they wrote since; completion ends replication and leaves nothing of it.`,
    ),
    note(
      'info',
      'subscription_password',
      `Each server keeps the other's address and password in its subscription, which its superusers can read, until the migration ends.`,
    ),
    note(
      'info',
      'sequences',
      'Sequences of the other side go on 100,000 numbers ahead (near their end a quarter of what is left).',
    ),
    ...(unlogged.length > 0
      ? [
          note(
            'consent',
            'unlogged_rows',
            `Unlogged tables are not replicated and will be empty: ${names(unlogged)}`,
          ),
        ]
      : []),
    ...(left.length > 0
      ? [
          note(
            'consent',
            'tables_left_behind',
            `Their definitions go along and their rows do not: ${names(left)}`,
          ),
        ]
      : []),
    ...(blue.largeObjects
      ? [
          note(
            'consent',
            'large_objects',
            'Large objects are not replicated: copy them yourself before the switch',
          ),
        ]
      : []),
    ...(blue.collation === green.collation
      ? []
      : [
          note(
            'warning',
            'collation',
            `Text sorts by other rules there (${blue.collation} here, ${green.collation} there): ORDER BY may give another order. Tables with text in their key are compared row by row.`,
          ),
        ]),
    ...(keep === null
      ? [
          note(
            'warning',
            'slot_keep_size',
            `max_slot_wal_keep_size of ${source} is not limited: between two looks its disk is protected by nothing but its size`,
          ),
        ]
      : keep < file.max_slot_lag_bytes
        ? [
            note(
              'warning',
              'slot_keep_size',
              `${source} gives up a slot at ${keep} bytes, before the migration's own limit of ${file.max_slot_lag_bytes}`,
            ),
          ]
        : []),
  ];
}

/**
 * The whole move, decided before anything runs. Throws InvalidInput for tables that are not there and for a mode that
 * the versions do not have.
 */
export function createBlueGreenPlan(asked: Asked): Plan & { blueGreen: BlueGreenPlan } {
  const { file, schema, source, target, blue, green } = asked;
  const able = blue.version >= twoWaySince && green.version >= twoWaySince;
  if (file.two_way === true && !able) {
    throw new InvalidInput('Both sides can take writes from PostgreSQL 16 on', {
      problems: [{ pointer: '/two_way', detail: `Found ${major(blue.version)} and ${major(green.version)}` }],
      action: 'Leave two_way out: the old side then refuses writes from the switch on.',
    });
  }
  const twoWay = file.two_way ?? able;
  const tables = followed(asked);
  const names = new Set(tables.map(({ name }) => name));
  const partitions = blue.tables.filter(({ partition, root }) => partition && names.has(root));
  const all = [...tables, ...partitions];
  const sameCollation = blue.collation === green.collation;
  const what = `${tables.length} table${tables.length === 1 ? '' : 's'}`;
  return {
    formatVersion: 1,
    name: file.name,
    schema,
    versionSchema: schema,
    previousVersion: null,
    operations: [
      {
        kind: 'blue_green',
        summary: `Move schema ${schema} of ${source} to ${target.name} (PostgreSQL ${major(blue.version)} to ${major(green.version)}) and its clients after it`,
        undo: 'exact',
        undoReason: `until the soak ends: ${source} has everything clients wrote on ${target.name}`,
      },
    ],
    tables: tables.map((table) => ({
      table: { schema, name: table.name, oid: table.oid },
      estimatedRows: table.estimatedRows,
      bytes: table.bytes,
      triggers: [],
    })),
    risk: {
      level: 'high',
      reasons: [`All clients of schema ${schema} move to another database`],
    },
    undo: 'exact',
    notes: notesOf(asked, twoWay),
    rights: [],
    ...noSteps(),
    blueGreen: {
      target,
      blue: { version: blue.version, collation: blue.collation },
      green: { version: green.version, collation: green.collation },
      twoWay,
      maxLagBytes: file.max_slot_lag_bytes,
      tables: tables.map(({ name, key, columns }) => ({
        name: qualified(schema, name),
        key: (key ?? []).map(({ column, type }) => ({ column, type })),
        columns,
        sameOrder: sameCollation || !(key ?? []).some(({ text }) => text),
      })),
      gated: all.map(({ name }) => qualified(schema, name)),
      steps: [
        `copy: definitions of schema ${schema}, with owners and grants, into the empty ${target.name}`,
        `follow: ${target.name} copies ${what} and then follows ${source} by logical replication; it is not switched before it has caught up`,
        `verify: every range of every table is compared on both sides while clients write`,
        `switch: writers of ${source} are held (at most 200 ms of waiting and 500 ms of holding a try) until ${target.name} has everything, then ${target.name} serves`,
        `soak: ${source} is fed with what clients write on ${target.name}; both are compared again; undo takes clients back`,
        `complete: ${source} refuses writes; subscriptions, publications and slots are dropped on both sides`,
      ],
    },
  };
}
