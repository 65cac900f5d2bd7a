import { InvalidInput } from '#platform/errors.ts';
import type { Plan } from '../plan/schemas.ts';
import { noSteps } from '../plan/steps.ts';
import { qualified } from '../sql/identifiers.ts';
import { type Asked, followed, major } from './asked.ts';
import { notesOf } from './notes.ts';
import type { BlueGreenPlan, Hook } from './schemas.ts';

/** From this version on a publisher can leave out what came to it by replication. */
const twoWaySince = 160_000;

/**
 * The whole move, decided before anything runs. Throws InvalidInput for tables that are not there and for a mode that
 * the versions do not have.
 */
export function createBlueGreenPlan(asked: Asked, hooks: Hook[] = []): Plan & { blueGreen: BlueGreenPlan } {
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
    notes: notesOf(asked, { twoWay, hooks }),
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
      // Absent where there are none: a plan says no more than what is done.
      ...(hooks.length === 0 ? {} : { hooks }),
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
