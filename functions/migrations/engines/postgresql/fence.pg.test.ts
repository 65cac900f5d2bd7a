import { afterEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { openSession, type Session } from './connection.ts';
import { checkFence, releaseFence, setFencePhase, takeFence } from './fence.ts';

const opened: Session[] = [];

async function sessions(count: number): Promise<Session[]> {
  const url = await createDatabase('fence');
  const all = await Promise.all(
    Array.from({ length: count }, () => openSession(url, { applicationName: 'theseus:test' })),
  );
  opened.push(...all);
  return all;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((session) => session.close()));
});

const facts = { name: '01-test', schema: 'public', phase: 'lock' };

describe('the fence', () => {
  it('lets only the newest epoch write, and a retaken one is the same', async () => {
    const [one, two] = await sessions(2);
    if (!one || !two) throw new Error('two sessions');
    await takeFence(one, { migration: 'm', epoch: 1 }, facts);
    await takeFence(one, { migration: 'm', epoch: 1 }, facts);
    await expect(checkFence(one, { migration: 'm', epoch: 1 })).resolves.toEqual({
      phase: 'lock',
      schema: 'public',
    });
    await takeFence(two, { migration: 'm', epoch: 2 }, facts);
    await expect(checkFence(one, { migration: 'm', epoch: 1 })).rejects.toMatchObject({ name: 'FenceLost' });
    await expect(takeFence(one, { migration: 'm', epoch: 1 }, facts)).rejects.toMatchObject({
      name: 'FenceLost',
      evidence: { epoch: 1, found: '2' },
    });
    await expect(setFencePhase(one, { migration: 'm', epoch: 1 }, 'expand')).rejects.toMatchObject({
      name: 'FenceLost',
    });
    await setFencePhase(two, { migration: 'm', epoch: 2 }, 'expand');
    await expect(checkFence(two, { migration: 'm', epoch: 2 })).resolves.toMatchObject({ phase: 'expand' });
  });

  it('waits for a transaction that was checked before it is taken over', async () => {
    const [one, two] = await sessions(2);
    if (!one || !two) throw new Error('two sessions');
    await takeFence(one, { migration: 'm', epoch: 1 }, facts);
    await one.query('BEGIN');
    await checkFence(one, { migration: 'm', epoch: 1 });
    let taken = false;
    const takeover = takeFence(two, { migration: 'm', epoch: 2 }, facts).then(() => {
      taken = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(taken).toBe(false);
    await one.query('COMMIT');
    await takeover;
    expect(taken).toBe(true);
  });

  it('admits nobody after release until a newer epoch comes', async () => {
    const [one] = await sessions(1);
    if (!one) throw new Error('a session');
    await takeFence(one, { migration: 'm', epoch: 3 }, facts);
    await releaseFence(one, { migration: 'm', epoch: 2 });
    await expect(checkFence(one, { migration: 'm', epoch: 3 })).resolves.toMatchObject({ phase: 'lock' });
    await releaseFence(one, { migration: 'm', epoch: 3 });
    await expect(checkFence(one, { migration: 'm', epoch: 3 })).rejects.toMatchObject({ name: 'FenceLost' });
    await expect(takeFence(one, { migration: 'm', epoch: 3 }, facts)).rejects.toMatchObject({
      name: 'FenceLost',
    });
    await takeFence(one, { migration: 'm', epoch: 4 }, facts);
  });

  it('is created by many at once, and names the GRANT a role lacks', async () => {
    const all = await sessions(4);
    await Promise.all(all.map((session, at) => takeFence(session, { migration: `m${at}`, epoch: 1 }, facts)));
    const url = await createDatabase('rights');
    const admin = await openSession(url, { applicationName: 'theseus:test' });
    opened.push(admin);
    await admin.query('DROP ROLE IF EXISTS "weak ""role"');
    await admin.query('CREATE ROLE "weak ""role"');
    await admin.query('SET ROLE "weak ""role"');
    const refused = await takeFence(admin, { migration: 'm', epoch: 1 }, facts).catch(
      (error: unknown) => error,
    );
    await admin.query('RESET ROLE');
    await admin.query('DROP ROLE "weak ""role"');
    expect(refused).toMatchObject({
      name: 'RightsMissing',
      evidence: {
        grants: [expect.stringMatching(/^GRANT CREATE ON DATABASE "rights_\w+" TO "weak ""role"$/)],
      },
    });
  });
});
