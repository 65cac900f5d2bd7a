import { describe, expect, it } from 'vitest';
import { parseMigrationFile } from '../file/parse.ts';
import { planHash } from './hash.ts';
import { createPlan } from './plan.ts';
import { roomNeeded } from './room.ts';
import { column, snapshot, table } from './testing/snapshot.ts';

const rows = 1_000_000;
const people = (bytes: number, toastBytes = 0) =>
  snapshot([table('people', 1, [column('name', 'text')], { estimatedRows: rows, bytes, toastBytes })]);
const planOf = (operations: unknown[], from = people(100_000_000)) =>
  createPlan({ file: parseMigrationFile(JSON.stringify({ name: '01_m', operations })), snapshot: from });
const filled = (type: string) => [
  { add_column: { table: 'people', column: { name: 'extra', type, nullable: true }, up: `name::${type}` } },
];

describe('the room a migration takes', () => {
  it('is every row and index entry once more, and the new values', async () => {
    const { room } = await planOf(filled('bigint'));
    expect(room).toEqual([
      {
        table: expect.objectContaining({ name: 'people' }),
        columns: 8 * rows,
        rows: 0,
        rowVersions: 100_000_000,
        indexes: 0,
        wal: 2 * 100_000_000 + 8 * rows + 200 * rows,
      },
    ]);
  });

  it('leaves out what is kept out of line, which is not written again', async () => {
    const { room } = await planOf(filled('text'), people(100_000_000, 60_000_000));
    expect(room).toMatchObject([{ rowVersions: 40_000_000, columns: 32 * rows }]);
  });

  it('is an index alone where nothing is filled, and nothing where only the catalogue changes', async () => {
    const create = { create_index: { table: 'people', name: 'by_name', columns: [{ column: 'name' }] } };
    expect((await planOf([create])).room).toMatchObject([
      { columns: 0, rowVersions: 0, indexes: 40 * rows, wal: 40 * rows },
    ]);
    const plain = { add_column: { table: 'people', column: { name: 'x', type: 'text', nullable: true } } };
    expect((await planOf([plain])).room).toEqual([]);
  });

  it('counts the WAL that the server keeps, not all that is written', async () => {
    const { room = [] } = await planOf(filled('bigint'));
    expect(roomNeeded(room, 50_000_000)).toBe(108_000_000 + 50_000_000);
    expect(roomNeeded(room, Number.POSITIVE_INFINITY)).toBe(108_000_000 + 408_000_000);
    expect(roomNeeded([], 50_000_000)).toBe(0);
  });

  it('does not make another plan of the same migration', async () => {
    expect(planHash(await planOf(filled('text'), people(1_000_000)))).toBe(
      planHash(await planOf(filled('text'), people(900_000_000))),
    );
  });
});
