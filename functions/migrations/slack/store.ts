import { createHash } from 'node:crypto';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { absent } from '#platform/records.ts';
import { deleteItem, keys, readAll, readItem, writeItem } from '../store.ts';
import { deleteSecret, makeSecret, readSecret, replaceSecret } from '../webhooks/secrets.ts';
import { SlackApp, SlackUser } from './schemas.ts';
import { windowSeconds } from './signature.ts';

const StoredUser = z.object(SlackUser.shape);
const StoredApp = z.object(SlackApp.shape);
const SigningSecret = z.object({ signingSecret: z.string() });
const appSecret = 'slack-app';

/** Keeps the signing secret of the Slack app, in place of a former one. */
export async function connectSlack(signingSecret: string, by: string): Promise<SlackApp> {
  const content = { signingSecret };
  if (!(await makeSecret(appSecret, 'Signing secret of the Slack app', content)))
    await replaceSecret(appSecret, content);
  const app: SlackApp = { connectedAt: clock.iso(), connectedBy: by };
  await writeItem(keys.slackApp(), app);
  return app;
}

/** Throws NotFound when no app is connected. */
export async function readSlackApp(): Promise<SlackApp> {
  const app = await readItem(StoredApp, keys.slackApp());
  if (app !== undefined) return app;
  throw new NotFound('No Slack app is connected', {
    action: 'Connect one with `theseus slack connect`.',
  });
}

/** From here on every request of Slack is refused. */
export async function disconnectSlack(): Promise<void> {
  await deleteSecret(appSecret);
  await deleteItem(keys.slackApp());
}

export const readSlackSecret = async (): Promise<string | undefined> =>
  (await readSecret(SigningSecret, appSecret))?.signingSecret;

/** At most 20,000. */
export const listSlackUsers = (): Promise<SlackUser[]> => readAll(StoredUser, keys.slackUser('', '').pk, '');

export const findSlackUser = (team: string, user: string): Promise<SlackUser | undefined> =>
  readItem(StoredUser, keys.slackUser(team, user));

/** In place of what was said of this member before. */
export async function setSlackUser(user: Omit<SlackUser, 'createdAt'>): Promise<SlackUser> {
  const record = { ...user, createdAt: clock.iso() };
  await writeItem(keys.slackUser(user.team, user.user), record);
  return record;
}

/** Throws NotFound. */
export async function forgetSlackUser(team: string, user: string): Promise<void> {
  if ((await findSlackUser(team, user)) === undefined) {
    throw new NotFound(`${team}/${user} is nobody here`, {
      evidence: { team, user },
      action: 'List them with `theseus slack user list`.',
    });
  }
  await deleteItem(keys.slackUser(team, user));
}

/** Whether a request is seen for the first time; it is remembered for longer than it could be repeated. */
export function isFirst(signature: string): Promise<boolean> {
  const hash = createHash('sha256').update(signature).digest('hex');
  const expiresAt = Math.ceil(clock.now() / 1_000) + 4 * windowSeconds;
  return writeItem(keys.slackRequest(hash), { expiresAt }, absent);
}
