import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { virtualClock } from '#local/clock.ts';
import { createDatabase } from '#local/postgres/shared.ts';
import { createS3 } from '#local/s3/s3.ts';
import { s3 } from '#platform/clients.ts';
import type { ChosenRows } from '../engines/engine.ts';
import { openSession, type Session, withSession } from '../engines/postgresql/connection.ts';
import { splitRanges } from '../engines/postgresql/ranges.ts';
import { columnTypes, restoreTable } from '../engines/postgresql/restore.ts';
import { countRows, exportRows } from '../engines/postgresql/rows.ts';
import { openerOf } from '../engines/postgresql/test-target.ts';
import type { RowBackup } from '../plan/schemas.ts';
import { restoreRows, verifyRows } from './restore.ts';
import { deleteRows, openPart, readManifest, storePart, writeManifest } from './store.ts';

const options = { signal: new AbortController().signal, until: Number.POSITIVE_INFINITY };
const place = { bucket: 'artifacts', migration: 'mig_1', backup: 'people.gone' };

describe('row backups', () => {
  const directory = mkdtempSync(join(tmpdir(), 'backups-'));
  let url: string;
  let admin: Session;
  const backup: RowBackup = {
    id: 'people.gone',
    table: { schema: 'public', name: 'Péople', oid: null },
    key: [{ column: 'id', type: 'bigint' }],
    columns: ['id', 'note "x"', 'raw', 'tags', 'at', 'doc', 'mood'],
    where: 'id <> 13',
  };

  beforeAll(async () => {
    process.env.AWS_REGION ??= 'local';
    createS3({ directory, clock: virtualClock(1_800_000_000_000), buckets: ['artifacts'] }).attach(s3());
    url = await createDatabase('backups');
    admin = await openSession(url, { applicationName: 'test', schema: 'public' });
    await admin.query(`CREATE TYPE public.mood AS ENUM ('good', 'bad')`);
    await admin.query(
      `CREATE TABLE public."Péople" (id bigint PRIMARY KEY, "note ""x""" text, raw bytea, tags text[], at timestamptz, doc jsonb, other int, mood public.mood)`,
    );
    await admin.query(
      `INSERT INTO public."Péople" SELECT g,
         (ARRAY[NULL, '', '\\N', E'tab\\t"quote" ''one''\\nnew line\\r\\n\\\\back', 'Ünï©ödé 日本 🚢'])[1 + g % 5],
         CASE WHEN g % 7 > 0 THEN decode(md5(g::text) || '000a0d09', 'hex') END,
         CASE WHEN g % 3 > 0 THEN ARRAY['a,b', NULL, '"', '{}', g::text] END,
         '2026-01-01'::timestamptz + g * interval '1 ms', jsonb_build_object('g', g, 'n', NULL), g, 'bad'
       FROM generate_series(1, 5000) AS g`,
    );
    await admin.query('ANALYZE public."Péople"');
  });
  afterAll(async () => {
    await admin?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const stored = async (Key: string): Promise<Buffer> => {
    const found = await s3().send(new GetObjectCommand({ Bucket: 'artifacts', Key }));
    return Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  };
  const restore = async (chosen: ChosenRows | null = null) => {
    await admin.query('DROP TABLE IF EXISTS public.restored');
    const manifest = await readManifest(place);
    const columns = manifest.columns.map((name, at) => ({ name, type: manifest.types?.[at] ?? 'text' }));
    return restoreTable(admin, { schema: 'public', name: 'restored' }, columns, chosen, (append) =>
      restoreRows(place, manifest, append, options.signal),
    );
  };

  it('brings every row back as it was, part by part', async () => {
    const ranges = await splitRanges(admin, backup.table, backup.key, 3);
    const parts = [];
    for (const [index, range] of ranges.entries()) {
      const rows = await exportRows(openerOf(url), backup, range, options);
      parts.push(await storePart(place, String(index), rows, options.signal));
    }
    const types = await withSession(url, { applicationName: 'test' }, (session) =>
      columnTypes(session, backup.table, backup.columns),
    );
    expect(types).toEqual([
      'bigint',
      'text',
      'bytea',
      'text[]',
      'timestamp with time zone',
      'jsonb',
      'public.mood',
    ]);
    await writeManifest(place, { table: backup.table, columns: backup.columns, types, parts });

    const manifest = await readManifest(place);
    expect(manifest.parts.map((part) => part.key)).toEqual(
      [0, 1, 2].map((index) => `backups/mig_1/people.gone/${index}.copy.gz`),
    );
    expect(manifest.rows).toBe(4_999);
    expect(await countRows(admin, backup)).toBe(4_999);

    expect(await restore()).toBe(4_999);
    await expect(
      restoreTable(admin, { schema: 'public', name: 'restored' }, [], null, async () => 0),
    ).rejects.toMatchObject({ name: 'TableExists' });
    const columns = 'id, "note ""x""", raw, tags, at, doc, mood';
    const { rows } = await admin.query(
      `SELECT count(*)::int AS different FROM (
         (SELECT ${columns} FROM public."Péople" WHERE id <> 13 EXCEPT ALL SELECT ${columns} FROM public.restored)
         UNION ALL (SELECT ${columns} FROM public.restored EXCEPT ALL SELECT ${columns} FROM public."Péople")) AS d`,
    );
    expect(rows[0]?.different).toBe(0);
  });

  it('brings back only the rows that were chosen by their keys', async () => {
    const key = backup.key;
    const ids = async () => {
      const { rows } = await admin.query<{ id: number }>('SELECT id::int FROM public.restored ORDER BY id');
      return rows.map(({ id }) => id);
    };
    // 13 is not in the backup, 9999 in no table; the bounds are included, and numbers are in the order of numbers.
    expect(await restore({ key, keys: [['4999'], ['13'], ['7'], ['9999']] })).toBe(2);
    expect(await ids()).toEqual([7, 4999]);
    expect(await restore({ key, from: ['9'], to: ['14'] })).toBe(5);
    expect(await ids()).toEqual([9, 10, 11, 12, 14]);
    expect(await restore({ key, from: ['4999'] })).toBe(2);
    expect(await restore({ key, to: ['3'] })).toBe(3);
    await expect(restore({ key, keys: [['seven']] })).rejects.toMatchObject({ name: 'StatementFailed' });
  });

  it('refuses a schema that is not there', async () => {
    const nowhere = { schema: 'no where', name: 'restored' };
    await expect(restoreTable(admin, nowhere, [], null, async () => 0)).rejects.toMatchObject({
      name: 'SchemaNotFound',
      action: 'Create it first: CREATE SCHEMA "no where"',
    });
  });

  it('restores nothing from a part that was altered, cut short or exchanged', async () => {
    const manifest = await readManifest(place);
    const [first, second] = manifest.parts;
    if (!first || !second) throw new Error('The backup has three parts');
    const bytes = await stored(second.key);
    const flipped = Buffer.from(bytes);
    flipped[flipped.length - 6] = (flipped.at(-6) ?? 0) ^ 1;
    const none = await storePart({ ...place, backup: 'other' }, '0', Readable.from([]), options.signal);
    const exchanged = await stored(none.key);
    for (const harm of [flipped, bytes.subarray(0, bytes.length / 2), exchanged]) {
      await s3().send(new PutObjectCommand({ Bucket: 'artifacts', Key: second.key, Body: harm }));
      await expect(restore()).rejects.toMatchObject({ name: 'BackupDamaged' });
      const verified = verifyRows(place, manifest, options.signal);
      await expect(verified).rejects.toMatchObject({ name: 'BackupDamaged', evidence: { key: second.key } });
      const { rows } = await admin.query(`SELECT to_regclass('public.restored') AS there`);
      expect(rows[0]?.there).toBe(null);
    }
    await s3().send(new PutObjectCommand({ Bucket: 'artifacts', Key: second.key, Body: bytes }));
    expect(await restore()).toBe(4_999);
    expect(await verifyRows(place, manifest, options.signal)).toEqual({ rows: 4_999, parts: 3 });
  });

  it('is gone with all its parts once deleted, also when that was cut off', async () => {
    const gone = { ...place, backup: 'to-delete' };
    const parts = [];
    for (const part of ['0', '1']) {
      parts.push(await storePart(gone, part, Readable.from([Buffer.from('1\n')]), options.signal));
    }
    const { table, columns } = backup;
    await writeManifest(gone, { table, columns, parts });
    await s3().send(new DeleteObjectCommand({ Bucket: 'artifacts', Key: parts[0]?.key ?? '' }));
    await deleteRows(gone, options.signal);
    await expect(readManifest(gone)).rejects.toMatchObject({ name: 'NotFound' });
    await expect(stored(parts[1]?.key ?? '')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await deleteRows(gone, options.signal);
  });

  it('is not there before its manifest', async () => {
    const unfinished = { ...place, backup: 'unfinished' };
    await storePart(unfinished, '0', Readable.from([Buffer.from('1\n')]), options.signal);
    await expect(readManifest(unfinished)).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('stores more than one upload part holds, without holding it all', async () => {
    // Random bytes do not compress, so the object is larger than the 8 MiB of an upload's part.
    const line = () => Buffer.from(`${crypto.getRandomValues(Buffer.alloc(30_000)).toString('base64')}\n`);
    const lines = Array.from({ length: 600 }, line);
    const part = await storePart(place, 'large', Readable.from(lines), options.signal);
    expect(part.bytes).toBeGreaterThan(8 * 1024 * 1024);
    expect(part.rows).toBe(600);
    const back: Buffer[] = [];
    for await (const chunk of openPart(place, part, options.signal)) back.push(chunk);
    expect(Buffer.concat(back).equals(Buffer.concat(lines))).toBe(true);
  });

  it('leaves no object when the rows end in an error, and says which', async () => {
    const broken = { ...backup, where: '1 / (id - 2500) IS NOT NULL' };
    const rows = await exportRows(openerOf(url), broken, { from: null, to: null }, options);
    await expect(storePart(place, 'broken', rows, options.signal)).rejects.toMatchObject({
      name: 'StatementFailed',
      evidence: { sqlstate: '22012' },
    });
    const part = {
      key: 'backups/mig_1/people.gone/broken.copy.gz',
      rows: 0,
      bytes: 0,
      sha256: '0'.repeat(64),
    };
    await expect(openPart(place, part, options.signal).next()).rejects.toMatchObject({
      name: 'BackupDamaged',
    });
  });
});
