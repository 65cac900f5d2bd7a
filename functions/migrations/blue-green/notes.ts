import type { Note } from '../plan/schemas.ts';
import { type Asked, followed } from './asked.ts';
import type { FoundTable } from './facts.ts';
import type { Hook } from './schemas.ts';

/** What the reader of a plan is to know before it runs, and what it takes a consent for. */
export function notesOf(asked: Asked, { twoWay, hooks }: { twoWay: boolean; hooks: Hook[] }): Note[] {
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
    ...(hooks.length > 0
      ? [
          note(
            'info',
            'hooks',
            `At the switch clients are stopped, and sent on, by ${hooks.map(({ url }) => url).join(', ')}: what answers with anything but 2xx, or not within 10 s, takes it back.`,
          ),
        ]
      : []),
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
