import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { START } from '../../pacing/pace.ts';
import { backfillRange } from './backfill.ts';
import { openSession, type Session } from './connection.ts';
import { splitRanges } from './ranges.ts';
import { fence, id, makePeople, openerOf, people, splitName } from './test-target.ts';

describe('key ranges', () => {
  let url: string;
  let admin: Session;
  beforeAll(async () => {
    url = await createDatabase('ranges');
    admin = await openSession(url, { applicationName: 'test' });
  });
  afterAll(() => admin?.close());

  /** Rows in each range, and rows of the table. */
  async function sizes(parts: number): Promise<{ sizes: number[]; all: number }> {
    const ranges = await splitRanges(admin, people, id, parts);
    const found: number[] = [];
    for (const { from, to } of ranges) {
      const { rows } = await admin.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM shop.people WHERE id > $1 AND id <= $2',
        [from?.[0] ?? '-9223372036854775808', to?.[0]],
      );
      found.push(rows[0]?.n ?? 0);
    }
    const { rows } = await admin.query<{ n: number }>('SELECT count(*)::int AS n FROM shop.people');
    return { sizes: found, all: rows[0]?.n ?? 0 };
  }

  it('has none for an empty table, and one when one is asked for', async () => {
    await makePeople(admin, 'id bigint', 'g', 0);
    expect(await splitRanges(admin, people, id, 4)).toEqual([]);
    await makePeople(admin, 'id bigint', 'g', 5);
    expect(await splitRanges(admin, people, id, 1)).toEqual([{ from: null, to: ['5'] }]);
  });

  it('gives no more ranges than rows', async () => {
    await makePeople(admin, 'id bigint', '-g', 3);
    expect(await splitRanges(admin, people, id, 8)).toEqual([
      { from: null, to: ['-3'] },
      { from: ['-3'], to: ['-2'] },
      { from: ['-2'], to: ['-1'] },
    ]);
  });

  it('splits keys that lie in one corner as evenly as others', async () => {
    await makePeople(admin, 'id bigint', 'CASE WHEN g < 10 THEN g ELSE 9000000000000000000 - g END', 60_000);
    const { sizes: found, all } = await sizes(6);
    expect(found).toHaveLength(6);
    expect(found.reduce((sum, size) => sum + size)).toBe(all);
    for (const size of found) expect(Math.abs(size - all / 6)).toBeLessThan(all / 30);
  });

  it('splits a partitioned table over its partitions', async () => {
    await admin.query('DROP TABLE IF EXISTS shop.people');
    await admin.query('CREATE TABLE shop.people (id bigint PRIMARY KEY, name text) PARTITION BY HASH (id)');
    for (const part of [0, 1, 2]) {
      await admin.query(
        `CREATE TABLE shop.people_${part} PARTITION OF shop.people FOR VALUES WITH (MODULUS 3, REMAINDER ${part})`,
      );
    }
    await admin.query("INSERT INTO shop.people SELECT g, 'x' FROM generate_series(1, 30000) AS g");
    const { sizes: found, all } = await sizes(4);
    expect(found).toHaveLength(4);
    expect(found.reduce((sum, size) => sum + size)).toBe(all);
    for (const size of found) expect(Math.abs(size - all / 4)).toBeLessThan(all / 20);
  });

  it('follows the order of a key type that lives in a schema of its own', async () => {
    await admin.query('CREATE SCHEMA extra');
    await admin.query('CREATE EXTENSION citext SCHEMA extra');
    // As text all capitals come first; as citext, which the index follows, they lie between.
    await makePeople(
      admin,
      'id extra.citext',
      "CASE WHEN g % 2 = 0 THEN 'A' ELSE 'b' END || md5(g::text)",
      2_000,
    );
    const key = [{ column: 'id', type: 'extra.citext' }];
    let written = 0;
    for (const range of await splitRanges(admin, people, key, 3)) {
      const { progress } = await backfillRange(openerOf(url), splitName(key), range, null, fence, {
        signal: new AbortController().signal,
        until: Number.POSITIVE_INFINITY,
        pace: START,
        onProgress: async () => true,
      });
      written += progress.rowsWritten;
    }
    expect(written).toBe(2_000);
  });
});
