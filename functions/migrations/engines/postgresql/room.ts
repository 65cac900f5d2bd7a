import { roomNeeded } from '../../plan/room.ts';
import type { Plan } from '../../plan/schemas.ts';
import type { Finding } from '../engine.ts';
import type { Session } from './connection.ts';

const MEGABYTE = 1_000_000;
const megabytes = (value: number): string => `${Math.ceil(value / MEGABYTE).toLocaleString('en')} MB`;

/**
 * Whether what the plan adds fits in `freeBytes`, which only the operator of the server knows: SQL tells sizes, and not
 * what is free. WAL counts up to max_wal_size, or all of it where a replication slot may hold it back.
 */
export async function missingRoom(
  session: Session,
  plan: Plan,
  freeBytes: number | undefined,
): Promise<Finding[]> {
  if (freeBytes === undefined || plan.room === undefined) return [];
  const { rows } = await session.query<{ kept: number; slots: number }>(
    `SELECT pg_size_bytes(current_setting('max_wal_size'))::float8 AS kept,
       (SELECT count(*)::int FROM pg_replication_slots WHERE NOT temporary) AS slots`,
  );
  const [row] = rows;
  const needed = roomNeeded(
    plan.room,
    row === undefined || row.slots > 0 ? Number.POSITIVE_INFINITY : row.kept,
  );
  if (needed <= freeBytes) return [];
  const names = plan.room.map(({ table }) => table.name).join(', ');
  return [
    {
      code: 'disk_room',
      problem: `The migration needs about ${megabytes(needed)} on the disk (${names}), and ${megabytes(freeBytes)} are free`,
      action: 'Enlarge the disk, or make room, and plan again with what is free then.',
    },
  ];
}
