import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebhookWithSecret } from '#migrations/webhooks/schemas.ts';
import { setPatience } from '#platform/outbound/exchange.ts';
import { type Platform, startPlatform } from './harness.ts';
import { type Received, type Receiver, signaturesOf, startReceiver } from './receiver.ts';

const hour = 3_600_000;
const signingSecret = '8f742231b10e8888abcd99yyyzzz85a5';

let platform: Platform;
let receiver: Receiver;
let restore = () => {};
beforeAll(async () => {
  restore = setPatience(30);
  receiver = await startReceiver();
  platform = await startPlatform({ rows: 5, environment: { THESEUS_AUTHOR_MAY_APPROVE: 'false' } });
});
afterAll(async () => {
  restore();
  await receiver.stop();
});

const add = async (path: string, more: object = {}): Promise<ReturnType<typeof WebhookWithSecret.parse>> => {
  const answer = await platform.send('POST', '/webhooks', { url: receiver.url + path, ...more });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};
const remove = async (id: string) =>
  expect((await platform.send('DELETE', `/webhooks/${id}`)).status).toBe(204);
/** What the schedules do every minute. */
const publish = async () => {
  await platform.invoke('publish-events');
  await platform.cloud.events.settled();
};
const sweep = async () => {
  await platform.invoke('deliver-webhooks');
  await platform.cloud.events.settled();
};
const deliveries = async (id: string) =>
  (await platform.send('GET', `/webhooks/${id}/deliveries`)).body.items;
const idOf = ({ headers }: Received) => String(headers['webhook-id']);
const timeOf = ({ headers }: Received) => Number(headers['webhook-timestamp']);

describe('webhooks', () => {
  it('bring signed events of the databases and types that were asked for, each once', async () => {
    const all = await add('/all', { types: ['migration.*'] });
    const other = await add('/other', { databases: ['elsewhere'] });
    const { id } = await platform.plan('04-rename-table.yaml');
    await publish();
    const got = receiver.take('/all');
    expect(got.map(({ body }) => body.type).toSorted()).toEqual(['migration.created', 'migration.planned']);
    for (const message of got) {
      expect(signaturesOf(message, all.secret ?? '')).toEqual([true]);
      expect(message.body.data).toMatchObject({
        migration: { id },
        database: { name: 'shop' },
        schema: 'public',
      });
      expect(Math.abs(timeOf(message) - platform.cloud.clock.now() / 1_000)).toBeLessThan(300);
    }
    expect(receiver.take('/other')).toEqual([]);
    const log = await deliveries(all.id);
    expect(log.map((one: { id: string }) => one.id).toSorted()).toEqual(got.map(idOf).toSorted());

    // The bus may deliver an event again.
    const { sequence, actor } = (await platform.send('GET', `/migrations/${id}/events`)).body.items[0];
    const detail = { ...got.find(({ body }) => body.type === 'migration.created')?.body.data.details };
    const event = {
      type: 'migration.created',
      at: (await platform.send('GET', `/migrations/${id}/events`)).body.items[0].at,
      actor,
      sequence,
      migration: id,
      data: detail,
    };
    expect(await platform.invoke('deliver-webhooks', { detail: event })).toMatchObject({
      payload: { handled: 0 },
    });
    expect(receiver.take('/all')).toEqual([]);
    await remove(all.id);
    await remove(other.id);
  });

  it('show a secret once, and sign with two after a rotation', async () => {
    const headers = { 'idempotency-key': 'the-same-request' };
    const asked = { url: `${receiver.url}/rotated`, types: ['nothing.*'] };
    const { body: webhook } = await platform.send('POST', '/webhooks', asked, headers);
    expect(webhook.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await platform.send('POST', '/webhooks', asked, headers)).body).toEqual(webhook);
    const shown = await platform.send('GET', `/webhooks/${webhook.id}`);
    expect(JSON.stringify(shown.body)).not.toContain('whsec_');

    const rotated = await platform.send('POST', `/webhooks/${webhook.id}/rotate-secret`);
    const test = () => platform.send('POST', `/webhooks/${webhook.id}/test`);
    expect((await test()).body).toMatchObject({ type: 'webhook.test', status: 'delivered', attempts: 1 });
    const [message] = receiver.take('/rotated');
    if (message === undefined) throw new Error('no message');
    expect(signaturesOf(message, rotated.body.secret)).toEqual([true, false]);
    expect(signaturesOf(message, webhook.secret)).toEqual([false, true]);
    await platform.cloud.clock.advance(25 * hour);
    await test();
    const [later] = receiver.take('/rotated');
    expect(later && signaturesOf(later, rotated.body.secret)).toEqual([true]);
    await remove(webhook.id);
  });

  it('try again under the same id, follow no redirect, and go on when the receiver is back', async () => {
    const webhook = await add('/fails', { types: ['migration.created'] });
    receiver.answer('/fails', 503, { 'retry-after': '120' });
    await platform.plan('04-rename-table.yaml');
    await publish();
    const [first] = receiver.take('/fails');
    if (first === undefined) throw new Error('no message');
    const [pending] = await deliveries(webhook.id);
    expect(pending).toMatchObject({
      status: 'pending',
      attempts: 1,
      last: [{ status: 503, detail: 'answered 503' }],
    });
    await sweep();
    expect(receiver.take('/fails')).toEqual([]); // it asked for two minutes

    receiver.answer('/fails', 302, { location: '/stolen' });
    await platform.cloud.clock.advance(3 * 60_000);
    await sweep();
    const [second] = receiver.take('/fails');
    expect(second && idOf(second)).toBe(idOf(first));
    expect(second?.text).toBe(first.text);
    expect(second && timeOf(second)).toBeGreaterThan(timeOf(first) + 60);
    expect(second && signaturesOf(second, webhook.secret ?? '')).toEqual([true]);
    expect(receiver.take('/stolen')).toEqual([]);

    receiver.answer('/fails', 204);
    await platform.cloud.clock.advance(hour);
    await sweep();
    const [delivered] = await deliveries(webhook.id);
    expect(delivered).toMatchObject({ status: 'delivered', attempts: 3, nextAttemptAt: null });
    expect((await platform.send('GET', `/webhooks/${webhook.id}`)).body.failingSince).toBeNull();
    const resent = await platform.send('POST', `/webhooks/${webhook.id}/deliveries/${delivered.id}/resend`);
    expect(resent.body).toMatchObject({ status: 'delivered', attempts: 4 });
    expect(receiver.take('/fails').map(idOf)).toEqual([idOf(first), idOf(first)]);
    await remove(webhook.id);
  });

  it('are disabled after days of failures, which is told to the others, and enabled by a person', async () => {
    const webhook = await add('/down', { types: ['migration.created'] });
    const watcher = await add('/watcher', { types: ['webhook.*'] });
    receiver.answer('/down', 500);
    await platform.plan('04-rename-table.yaml');
    await publish();
    for (let tries = 0; tries < 3; tries += 1) {
      await platform.cloud.clock.advance(hour);
      await sweep();
    }
    await platform.cloud.clock.advance(72 * hour);
    await sweep();
    const path = `/webhooks/${webhook.id}`;
    expect((await platform.send('GET', path)).body).toMatchObject({
      status: 'disabled',
      disabled: { why: 'failing' },
    });
    const [told] = receiver.take('/watcher');
    expect(told?.body).toMatchObject({
      type: 'webhook.disabled',
      data: { migration: null, details: { webhook: webhook.id, why: 'failing' } },
    });
    await platform.cloud.clock.advance(12 * hour);
    await sweep();
    expect((await deliveries(webhook.id))[0]).toMatchObject({ status: 'failed' });
    receiver.take('/down');
    await platform.plan('04-rename-table.yaml');
    await publish();
    expect(receiver.take('/down')).toEqual([]);
    expect((await platform.send('PATCH', path, { enabled: true })).body).toMatchObject({
      status: 'enabled',
      failingSince: null,
    });
    receiver.answer('/down', 410);
    await platform.plan('04-rename-table.yaml');
    await publish();
    expect((await platform.send('GET', path)).body).toMatchObject({ disabled: { why: 'gone' } });
    await remove(webhook.id);
    await remove(watcher.id);
  });

  it('refuse what they cannot or must not send to, and change nothing then', async () => {
    const refused = async (body: object) => {
      const answer = await platform.send('POST', '/webhooks', body);
      return { status: answer.status, type: answer.body.type.split(':').at(-1) };
    };
    expect(await refused({ url: 'https://169.254.169.254/latest' })).toEqual({
      status: 400,
      type: 'DestinationRefused',
    });
    expect(await refused({ url: 'nowhere' })).toEqual({ status: 400, type: 'DestinationRefused' });
    expect(await refused({ url: `${receiver.url}/x`, types: ['Migration!'] })).toEqual({
      status: 400,
      type: 'InvalidInput',
    });
    expect(await refused({ url: `${receiver.url}/x`, secret: 'mine' })).toEqual({
      status: 400,
      type: 'InvalidInput',
    });
    expect((await platform.send('GET', '/webhooks')).body.items).toEqual([]);
    expect((await platform.send('GET', '/webhooks/whk_none/deliveries')).status).toBe(404);
  });

  it('stand in the description of the API with their headers and body', async () => {
    const { body } = await platform.send('GET', '/openapi.json');
    const { post } = body.webhooks.event;
    expect(post.parameters.map(({ name }: { name: string }) => name)).toEqual([
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
    ]);
    expect(JSON.stringify(post.requestBody)).toContain('#/components/schemas/WebhookPayload');
    expect(body.components.schemas.WebhookPayload.required).toEqual(['type', 'timestamp', 'data']);
    expect(body.paths['/slack/interactions'].post.security).toEqual([]);
  });
});

describe('Slack', () => {
  const seconds = () => Math.floor(platform.cloud.clock.now() / 1_000);
  const sign = (timestamp: number, body: string, secret = signingSecret) =>
    `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
  let pressed = 0;
  const bodyOf = (button: { action_id: string; value: string }, user = 'U1') => {
    pressed += 1;
    return new URLSearchParams({
      payload: JSON.stringify({
        type: 'block_actions',
        user: { id: user, team_id: 'T1' },
        actions: [button],
        response_url: `${receiver.url}/respond`,
        trigger_id: String(pressed),
      }),
    }).toString();
  };
  const request = (body: string, timestamp: number, signature: string) =>
    fetch(`${platform.cloud.url}/slack/interactions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': String(timestamp),
        'x-slack-signature': signature,
      },
      body,
    });
  /** Presses a button and gives back what was said to who pressed it. */
  const press = async (button: { action_id: string; value: string }, user = 'U1') => {
    const body = bodyOf(button, user);
    const timestamp = seconds();
    expect((await request(body, timestamp, sign(timestamp, body))).status).toBe(200);
    const [said] = receiver.take('/respond');
    return said?.body;
  };
  const buttonsOf = ({ body }: Received): { action_id: string; value: string }[] =>
    body.blocks.find(({ type }: { type: string }) => type === 'actions').elements;

  it('shows what waits for approval, and takes the answer of whom it knows', async () => {
    const webhook = await add('/services/T1/B1/secret', { kind: 'slack' });
    expect(webhook).toMatchObject({ kind: 'slack', url: `${receiver.url}/…`, secret: null });
    /** The newest message whose headline has these words. */
    const told = async (words: string) => {
      await publish();
      const found = receiver.take('/services/T1/B1/secret').findLast(({ body }) => body.text.includes(words));
      if (found === undefined) throw new Error(`Slack was not told: ${words}`);
      return found;
    };
    const { id, plan, createdBy } = await platform.plan('01-split-name.yaml', {
      options: { requireApproval: true, soakSeconds: 3_600 },
    });
    await platform.act(id, 'start');
    await platform.until(id, 'waiting_for_approval');
    const asked = await told('approval requested');
    expect(asked.text).toContain(plan?.hash.slice(0, 12));
    const buttons = buttonsOf(asked);
    expect(buttons.map(({ action_id }) => action_id)).toEqual([
      'theseus.approve',
      'theseus.reject',
      'theseus.show',
    ]);
    const [approve, , show] = buttons;
    if (approve === undefined || show === undefined) throw new Error('no buttons');

    // Nobody is connected yet.
    const body = bodyOf(approve);
    expect((await request(body, seconds(), sign(seconds(), body))).status).toBe(401);
    expect((await platform.send('PUT', '/slack/app', { signingSecret })).status).toBe(200);

    expect(await press(approve)).toMatchObject({
      response_type: 'ephemeral',
      text: expect.stringContaining('theseus slack user set T1/U1'),
    });
    const member = (user: string, subject: string, ...groups: string[]) =>
      platform.send('PUT', `/slack/users/T1/${user}`, { subject, groups });
    await member('U1', createdBy, 'theseus:approver');
    expect((await press(approve)).text).toContain('may not approve it here');
    await member('U1', 'ben', 'theseus:viewer');
    expect((await press(approve)).text).toContain('approve');
    expect((await press(show)).text).toContain('waiting_for_approval');
    await member('U1', 'ben', 'theseus:approver');
    const outdated = { ...approve, value: JSON.stringify({ migration: id, planHash: 'another' }) };
    expect((await press(outdated)).text).toContain('another one than you decided on');
    expect((await platform.show(id)).status).toBe('waiting_for_approval');

    // Misuse of what was signed: too old, another's secret, the same again.
    const time = seconds();
    const good = bodyOf(approve);
    expect((await request(good, time - 301, sign(time - 301, good))).status).toBe(401);
    expect((await request(good, time, sign(time, good, 'another-secret'))).status).toBe(401);
    expect((await request(good, time, sign(time, good.replace('U1', 'U2')))).status).toBe(401);
    expect((await request(good, time, 'v0=')).status).toBe(401);
    expect((await platform.show(id)).status).toBe('waiting_for_approval');
    expect((await request(good, time, sign(time, good))).status).toBe(200);
    const [done] = receiver.take('/respond');
    expect(done?.body).toMatchObject({ replace_original: true });
    expect(done?.text).toContain('<@U1> approved it');
    expect((await request(good, time, sign(time, good))).status).toBe(401);
    expect(receiver.take('/respond')).toEqual([]);

    const running = await platform.until(id, 'soaking');
    expect(running.approval).toMatchObject({
      decision: 'approved',
      by: 'ben',
      comment: 'In Slack, as T1/U1',
    });
    expect((await press({ ...approve, action_id: 'theseus.pause' })).text).toContain('ben may not pause');
    await member('U1', 'ben', 'theseus:operator');
    expect((await press({ ...approve, action_id: 'theseus.pause' })).text).toContain('not possible now');
    expect(await press({ ...approve, action_id: 'somebody.else' })).toBeUndefined();

    // The way back, with what is lost: decided on by whoever may approve, as it was counted.
    await platform.act(id, 'complete');
    await platform.until(id, 'completed');
    const lose = `UPDATE "${running.versionSchema}".customers SET last_name = 'de la Cruz' WHERE id`;
    await platform.sql(`${lose} = 1`);
    expect((await press({ ...approve, action_id: 'theseus.undo' })).blocks.at(-2).elements[1].text).toBe(
      '<@U1> had it undone',
    );
    await platform.until(id, 'waiting_for_decision');
    const decision = await told('undo decision needed');
    expect(decision.text).toContain('Lost: 1 row of customers');
    const [accept, keep] = buttonsOf(decision);
    if (accept === undefined || keep === undefined) throw new Error('nothing to decide with');
    expect((await press(accept)).text).toContain('ben may not approve');
    await member('U1', 'ben', 'theseus:approver', 'theseus:operator');
    expect((await press({ ...approve, action_id: 'theseus.reject' })).text).toContain('another decision');
    expect((await press(keep)).replace_original).toBe(true);
    await platform.until(id, 'completed');
    await press({ ...approve, action_id: 'theseus.undo' });
    await platform.until(id, 'waiting_for_decision');
    // The same question again: the button of then still answers it.
    await press(accept);
    await platform.until(id, 'undone');

    // A fleet is approved and begun with what its plan asks consent to.
    await platform.sql(`CREATE SCHEMA sl_1; CREATE TABLE sl_1.notes (id bigint PRIMARY KEY, note text);
      CREATE TRIGGER same BEFORE UPDATE ON sl_1.notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`);
    const fleet = await platform.send('POST', '/migration-fleets', {
      file: 'operations:\n  - add_column: { table: notes, column: { name: long, type: boolean }, up: length(note) > 9 }\n',
      fileName: '01_long.yaml',
      targets: { databases: ['shop'], schemas: 'sl\\_%' },
      options: { requireApproval: true },
    });
    expect(fleet.status).toBe(201);
    const created = await told('fleet created');
    expect(created.text).toContain('Whoever starts it consents to:');
    const [agree, begin] = buttonsOf(created);
    if (agree === undefined || begin === undefined) throw new Error('no buttons for the fleet');
    expect((await press(begin)).text).toContain('approvals it needs to start');
    expect((await press(agree)).replace_original).toBe(true);
    expect((await press(begin)).replace_original).toBe(true);
    await expect
      .poll(async () => (await platform.send('GET', `/migration-fleets/${fleet.body.id}`)).body, {
        timeout: 40_000,
      })
      .toMatchObject({ status: 'completed', approval: { by: 'ben', comment: 'In Slack, as T1/U1' } });
    expect((await press({ ...begin, action_id: 'theseus.show' })).text).toContain('is completed');
    await remove(webhook.id);
    expect((await platform.send('DELETE', '/slack/users/T1/U1')).status).toBe(204);
    expect((await press(show)).text).toContain('You are nobody here yet');
    expect((await platform.send('DELETE', '/slack/app')).status).toBe(204);
    const last = bodyOf(show);
    expect((await request(last, seconds(), sign(seconds(), last))).status).toBe(401);
  });
});
