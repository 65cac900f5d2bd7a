import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from './harness.ts';

const rename = `operations:
  - rename_table:
      from: items
      to: parts
`;

describe('an approval', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 10 });
  });
  afterEach(() => {
    delete process.env.THESEUS_AUTHOR_MAY_APPROVE;
  });

  const waiting = async () => {
    const planned = await platform.plan(rename, { options: { soakSeconds: 0, requireApproval: true } });
    await platform.act(planned.id, 'start');
    return platform.until(planned.id, 'waiting_for_approval');
  };

  it('is bound to the hash of the plan, and refused to its author where the environment says so', async () => {
    const { act, send, until, sql } = platform;
    const { id, plan, next } = await waiting();
    expect(next.map(({ path }) => path)).toEqual(
      ['approve', 'reject', 'rollback'].map((verb) => `/migrations/${id}/${verb}`),
    );
    expect((await send('POST', `/migrations/${id}/approve`, {})).status).toBe(400);
    const other = await send('POST', `/migrations/${id}/approve`, { planHash: 'another' });
    expect(other.body).toMatchObject({ status: 409, type: 'urn:theseus:problem:PlanHashDiffers' });
    const onRows = { planHash: plan?.hash, constraints: 'not_valid' };
    const elsewhere = await send('POST', `/migrations/${id}/approve`, onRows);
    expect(elsewhere.body).toMatchObject({ status: 400, errors: [{ pointer: '/body/constraints' }] });
    process.env.THESEUS_AUTHOR_MAY_APPROVE = 'false';
    const own = await send('POST', `/migrations/${id}/approve`, { planHash: plan?.hash });
    expect(own.body).toMatchObject({ status: 403, type: 'urn:theseus:problem:AuthorMayNotApprove' });
    delete process.env.THESEUS_AUTHOR_MAY_APPROVE;
    await act(id, 'approve', { planHash: plan?.hash, comment: 'read it' });
    const completed = await until(id, 'completed');
    expect(completed.approval).toMatchObject({ decision: 'approved', comment: 'read it' });
    await act(id, 'undo');
    await until(id, 'undone');
    expect(await sql(`SELECT to_regnamespace('public_inline') AS schema`)).toEqual([{ schema: null }]);
  });

  it('that is refused ends the migration with nothing changed', async () => {
    const { act, until } = platform;
    const { id, plan } = await waiting();
    await act(id, 'reject', { planHash: plan?.hash, comment: 'not on a Friday' });
    // `rejected` is an end: until() would throw for it.
    const rejected = await until(id, 'rejected');
    expect(rejected.failure).toMatchObject({ name: 'ApprovalRejected' });
    expect(rejected.failure?.message).toContain('not on a Friday');
    expect(rejected.next).toEqual([]);
  });

  it('finds the plan stale when the database changed while it waited', async () => {
    const { act, until, sql } = platform;
    const { id, plan } = await waiting();
    await sql('ALTER TABLE items ADD COLUMN colour text');
    await act(id, 'approve', { planHash: plan?.hash });
    const rejected = await until(id, 'rejected');
    expect(rejected.failure).toMatchObject({ name: 'PlanStale' });
  });

  it('can be answered by a rollback', async () => {
    const { act, until } = platform;
    const { id } = await waiting();
    await act(id, 'rollback', { comment: 'changed my mind' });
    const cancelled = await until(id, 'cancelled');
    expect(cancelled.failure).toMatchObject({ name: 'MigrationCancelled' });
  });
});
