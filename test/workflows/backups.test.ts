import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { artifactsBucket } from '#platform/artifacts.ts';
import { s3 } from '#platform/clients.ts';
import { type Platform, startPlatform } from './harness.ts';

const day = 86_400;

describe('the rows that a migration kept', () => {
  let platform: Platform;
  let id: string;
  let backup: string;
  const get = async (path: string) => (await platform.send('GET', path)).body;
  const eventTypes = async () =>
    (await get(`/migrations/${id}/events?limit=100`)).items.map(({ type }: { type: string }) => type);

  beforeAll(async () => {
    platform = await startPlatform({ rows: 20 });
    const { plan, act, until, sql } = platform;
    const options = { soakSeconds: 3_600, keepBackupsSeconds: 30 * day };
    ({ id } = await plan('03-add-not-null.yaml', { options }));
    await act(id, 'start');
    const { versionSchema } = await until(id, 'soaking');
    await sql(`UPDATE "${versionSchema}".orders SET status = 'lost' WHERE id <= 12`);
    await act(id, 'rollback');
    const { backups } = await until(id, 'rolled_back');
    backup = `/backups/${backups[0]?.id}`;
  });

  it('are listed with what they hold and how long they stay', async () => {
    const shown = await get(backup);
    expect(shown).toMatchObject({
      migration: { id },
      database: { name: 'shop' },
      purpose: 'revert',
      table: 'orders',
      columns: ['id', 'status'],
      key: ['id'],
      rows: 12,
      status: 'kept',
      verified: null,
    });
    expect(Date.parse(shown.keptUntil) - Date.parse(shown.at)).toBe(30 * day * 1_000);
    for (const list of ['/backups', '/backups?database=shop&limit=1', `/migrations/${id}/backups`]) {
      expect((await get(list)).items, list).toEqual([shown]);
    }
    expect((await get('/backups?database=nowhere')).type).toBe('urn:theseus:problem:NotFound');
  });

  it('come back in another schema, and only those of the keys asked for', async () => {
    const { send, sql } = platform;
    await sql('CREATE SCHEMA rescued');
    const asked = { table: 'some', schema: 'rescued', keys: [['2'], ['11'], ['20']] };
    expect(await send('POST', `${backup}/restore`, asked)).toMatchObject({
      body: { schema: 'rescued', rows: 2 },
    });
    expect(await sql('SELECT id::int FROM rescued.some ORDER BY id')).toEqual([{ id: 2 }, { id: 11 }]);
    const between = await send('POST', `${backup}/restore`, { table: 'more', from: ['9'], to: ['10'] });
    expect(between).toMatchObject({ body: { schema: 'public', rows: 2 } });
    await sql('DROP SCHEMA rescued CASCADE; DROP TABLE more');
  });

  it.each([
    [{ table: 'some', schema: 'nowhere' }, 'SchemaNotFound'],
    [{ table: 'some', keys: [['1', '2']] }, 'InvalidInput'],
    [{ table: 'some', keys: [['1']], from: ['1'] }, 'InvalidInput'],
    [{ table: 'some', keys: [['one']] }, 'StatementFailed'],
  ])('are not restored for %o', async (asked, name) => {
    const refused = await platform.send('POST', `${backup}/restore`, asked);
    expect(refused.body.type).toBe(`urn:theseus:problem:${name}`);
    expect(await platform.sql(`SELECT to_regclass('some') AS made`)).toEqual([{ made: null }]);
  });

  it('are read on demand, and what is damaged is said', async () => {
    const { send } = platform;
    expect((await send('POST', `${backup}/verify`)).body).toEqual({ rows: 12, parts: 1 });
    expect(await get(backup)).toMatchObject({ status: 'kept', verified: { damage: null } });
    const { location } = await get(backup);
    const place = { Bucket: artifactsBucket(), Key: `${location}/0.copy.gz` };
    const stored = await (await s3().send(new GetObjectCommand(place))).Body?.transformToByteArray();
    await s3().send(new PutObjectCommand({ ...place, Body: 'something else' }));
    expect((await send('POST', `${backup}/verify`)).body.type).toBe('urn:theseus:problem:BackupDamaged');
    expect(await get(backup)).toMatchObject({ status: 'damaged' });
    expect(await eventTypes()).toEqual(expect.arrayContaining(['backup.verified', 'backup.damaged']));
    await s3().send(new PutObjectCommand({ ...place, Body: stored ?? '' }));
    await send('POST', `${backup}/verify`);
    expect(await get(backup)).toMatchObject({ status: 'kept' });
  });

  it('stay longer when somebody says so, and go when their time is over', async () => {
    const { send, cloud } = platform;
    const { keptUntil, location } = await get(backup);
    const later = new Date(Date.parse(keptUntil) + 60 * day * 1_000).toISOString();
    const past = await send('POST', `${backup}/keep`, { until: '2020-01-01T00:00:00Z', reason: 'a slip' });
    expect(past.body.type).toBe('urn:theseus:problem:Conflict');
    const kept = await send('POST', `${backup}/keep`, { until: later, reason: 'an audit' });
    expect(kept.body).toMatchObject({ status: 'kept', keptUntil: later });
    await cloud.clock.advance(31 * day * 1_000);
    await platform.invoke('reconcile', {});
    expect((await get(backup)).status).toBe('kept');

    await cloud.clock.advance(60 * day * 1_000);
    await platform.invoke('reconcile', {});
    expect(await get(backup)).toMatchObject({
      status: 'deleted',
      rows: 12,
      deletion: { by: 'theseus', reason: 'Its time was over' },
    });
    const place = { Bucket: artifactsBucket(), Key: `${location}/0.copy.gz` };
    await expect(s3().send(new GetObjectCommand(place))).rejects.toMatchObject({ name: 'NoSuchKey' });
    for (const verb of ['verify', 'restore', 'keep']) {
      const body = { verify: undefined, restore: { table: 'late' }, keep: { until: null, reason: 'late' } };
      const refused = await send('POST', `${backup}/${verb}`, body[verb as keyof typeof body]);
      expect(refused.body.type, verb).toBe('urn:theseus:problem:Conflict');
    }
    expect(await eventTypes()).toContain('backup.deleted');
    expect((await platform.show(id)).backups).toEqual([]);
  });

  it('are deleted by a person, who says why', async () => {
    const { plan, act, until, sql, send, cloud } = platform;
    const { id: second } = await plan('03-add-not-null.yaml', { options: { soakSeconds: 3_600 } });
    await act(second, 'start');
    const { versionSchema } = await until(second, 'soaking');
    await sql(`UPDATE "${versionSchema}".orders SET status = 'lost' WHERE id = 1`);
    await act(second, 'rollback');
    const path = `/backups/${(await until(second, 'rolled_back')).backups[0]?.id}`;
    expect(await get(path)).toMatchObject({ keptUntil: null });
    expect((await send('POST', `${path}/delete`, {})).status).toBe(400);
    const reason = 'their owner asked for it';
    expect((await send('POST', `${path}/delete`, { reason })).body).toMatchObject({ status: 'deleting' });
    await cloud.clock.advance(1_000);
    await platform.invoke('reconcile', {});
    expect(await get(path)).toMatchObject({ status: 'deleted', deletion: { reason } });
    expect((await get('/backups?database=shop')).items).toHaveLength(2);
  });
});
