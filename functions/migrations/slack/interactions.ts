import { clock } from '#platform/clock.ts';
import { Conflict, InvalidInput, TheseusError, Unauthenticated } from '#platform/errors.ts';
import type { OpenRequest } from '#platform/open-route.ts';
import { patience } from '#platform/outbound/exchange.ts';
import { post } from '#platform/outbound/post.ts';
import { assertPlan } from '../decisions/decisions.ts';
import { assertFleetPlan } from '../fleet/decisions.ts';
import type { FleetRecord } from '../fleet/records.ts';
import { readFleet } from '../fleet/store.ts';
import { readMigration } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import { actionOf, type ButtonAction, ButtonValue } from './buttons.ts';
import { escapeMarkup, type SlackSubject, slackMessage } from './message.ts';
import { ButtonPressed, type SlackUser } from './schemas.ts';
import { isCurrent, isSigned, type SlackRequest } from './signature.ts';
import { findSlackUser, isFirst, readSlackSecret } from './store.ts';
import { consentCodes, questionOf, slackFleet, slackMigration } from './subjects.ts';

/** Slack gives up after 3 s: what is decided by then is answered, the rest goes on without. ms. */
const decisionMs = 1_900;
const answerMs = 800;
const longestSaid = 2_900;

const done: Record<Exclude<ButtonAction, 'show'>, string> = {
  start: 'started it',
  approve: 'approved it',
  not_valid: 'let it go on, constraints for new rows only',
  reject: 'rejected it',
  retry: 'let it count again',
  pause: 'paused it',
  resume: 'let it go on',
  rollback: 'had it taken back',
  undo: 'had it undone',
};

/** What is sent back to the message that holds the button. */
type Answer = { text: string; blocks?: object[]; replace_original?: boolean; response_type?: 'ephemeral' };

/** For the eyes of who pressed the button alone. */
const aside = (text: string): Answer => ({ response_type: 'ephemeral', replace_original: false, text });

/** Throws Unauthenticated unless Slack signed this request now, and for the first time. */
async function assertOfSlack(request: SlackRequest): Promise<void> {
  const refuse = (why: string, action: string): never => {
    throw new Unauthenticated(`Not a request of Slack: ${why}`, { action });
  };
  if (!isCurrent(request, clock.now()))
    refuse('its time is not of these five minutes', 'Press the button again; compare the clocks.');
  const secret = await readSlackSecret();
  if (secret === undefined || !isSigned(request, secret))
    refuse('its signature is wrong', 'Connect the app with its signing secret: theseus slack connect.');
  if (!(await isFirst(request.signature ?? ''))) refuse('it came before', 'Press the button again.');
}

/** The button of ours that was pressed; undefined for whatever else Slack sends. Throws InvalidInput. */
function buttonIn(
  body: string,
): { pressed: ButtonPressed; action: ButtonAction; value: ButtonValue } | undefined {
  let payload: unknown;
  try {
    payload = JSON.parse(new URLSearchParams(body).get('payload') ?? '');
  } catch (cause) {
    throw new InvalidInput('Expected a form whose field payload is JSON, as Slack sends it', {
      action: 'Let only Slack send to this path.',
      cause,
    });
  }
  const pressed = ButtonPressed.safeParse(payload).data;
  const [first] = pressed?.actions ?? [];
  const action = actionOf(first?.action_id ?? '');
  if (pressed === undefined || action === undefined) return undefined;
  const value = ButtonValue.safeParse(parsed(first?.value ?? '')).data;
  return value && { pressed, action, value };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a button is about, as it stands. Throws NotFound. */
async function readSubject(value: ButtonValue): Promise<{ subject: SlackSubject; record: Stands }> {
  if ('fleet' in value) {
    const fleet = await readFleet(value.fleet);
    return { subject: slackFleet(fleet), record: { kind: 'fleet', fleet } };
  }
  const migration = await readMigration(value.migration);
  return { subject: slackMigration(migration), record: { kind: 'migration', migration } };
}

type Stands = { kind: 'fleet'; fleet: FleetRecord } | { kind: 'migration'; migration: MigrationRecord };

/** The person decided on what the message said. Throws PlanHashDiffers, Conflict. */
function assertSeen(value: ButtonValue, stands: Stands): void {
  if (stands.kind === 'fleet') {
    assertFleetPlan(stands.fleet, value.planHash);
    return;
  }
  assertPlan(stands.migration, value.planHash);
  const asked = 'question' in value ? value.question : undefined;
  if (asked === questionOf(stands.migration)) return;
  throw new Conflict('It asks for another decision by now than the message did', {
    action: `Look at it with: theseus migration show ${stands.migration.id}`,
  });
}

/** The call that a button stands for, with what the message told. */
function callOf(
  action: Exclude<ButtonAction, 'show'>,
  planHash: string,
  stands: Stands,
  comment: string,
): { verb: string; body: object } {
  if (action === 'start') {
    const plan = stands.kind === 'fleet' ? stands.fleet.sample : stands.migration;
    return { verb: 'start', body: { planHash, consents: consentCodes(plan), comment } };
  }
  if (action === 'not_valid') return { verb: 'approve', body: { constraints: 'not_valid', comment } };
  const decides = stands.kind === 'migration' && stands.migration.status === 'waiting_for_decision';
  const verdict = (action === 'approve' || action === 'reject') && !decides;
  return { verb: action, body: verdict ? { planHash, comment } : { comment } };
}

/** Does what a button says in the name of who pressed it, through the very route that a token would take. */
async function act(
  user: SlackUser,
  action: ButtonAction,
  value: ButtonValue,
  ask: OpenRequest['ask'],
): Promise<Answer> {
  const { subject, groups } = user;
  const path = 'fleet' in value ? `/migration-fleets/${value.fleet}` : `/migrations/${value.migration}`;
  const seen = await ask({ subject, groups, method: 'GET', path });
  if (seen.statusCode !== 200) return aside(problemText(seen.body));
  const before = await readSubject(value);
  if (action === 'show') return aside(stateText(before.subject));
  assertSeen(value, before.record);
  const comment = `In Slack, as ${user.team}/${user.user}`;
  const { verb, body } = callOf(action, value.planHash, before.record, comment);
  const answer = await ask({ subject, groups, method: 'POST', path: `${path}/${verb}`, body });
  if (answer.statusCode >= 300) return aside(problemText(answer.body));
  const { subject: now } = await readSubject(value);
  const event = {
    type: `${verb}.done`,
    timestamp: clock.iso(),
    data: {
      id: '',
      sequence: null,
      migration: null,
      fleet: null,
      database: null,
      schema: null,
      actor: subject,
      details: {},
    },
  };
  return { replace_original: true, ...slackMessage(event, now, `<@${user.user}> ${done[action]}`) };
}

/** What is wrong and what to do, as two sentences. */
function saying(...sentences: unknown[]): string {
  const said = sentences.flatMap((one) => (typeof one === 'string' ? one.replace(/\.?$/, '.') : []));
  return escapeMarkup(said.join(' ')).slice(0, longestSaid);
}

/** The words of a problem: what is wrong and what to do. */
function problemText(body: string | undefined): string {
  const { detail, action } = Object(parsed(body ?? ''));
  return saying(detail ?? 'That did not work', action);
}

function stateText({ id, name, state, question, value }: SlackSubject): string {
  const show = 'fleet' in value ? 'theseus migration fleet show' : 'theseus migration show';
  const plan = value.planHash === '' ? '' : `, plan ${value.planHash.slice(0, 12)}`;
  const asked = question.map((line) => `\n${line}`).join('');
  return escapeMarkup(`${name} is ${state}${plan}. More: ${show} ${id}${asked}`).slice(0, longestSaid);
}

async function answerTo(
  { pressed, action, value }: NonNullable<ReturnType<typeof buttonIn>>,
  ask: OpenRequest['ask'],
): Promise<Answer> {
  const team = pressed.user.team_id ?? pressed.team?.id ?? '';
  const user = await findSlackUser(team, pressed.user.id);
  if (user === undefined) {
    return aside(
      `You are nobody here yet. An administrator says who you are: theseus slack user set ${escapeMarkup(`${team}/${pressed.user.id}`)} --subject <you> --group <group>`,
    );
  }
  try {
    return await act(user, action, value, ask);
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    return aside(saying(error.message, error.action));
  }
}

/** The answer, or within the time that Slack gives a word that it is not there yet. */
async function inTime(answer: Promise<Answer>, value: ButtonValue): Promise<Answer> {
  const look = 'fleet' in value ? `fleet show ${value.fleet}` : `show ${value.migration}`;
  const over = new AbortController();
  const late = clock.sleep(decisionMs * patience, over.signal).then(
    () =>
      aside(
        `This takes longer than Slack waits. See what came of it: theseus migration ${escapeMarkup(look)}`,
      ),
    () => aside(''), // the answer was first
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
  }
}

/**
 * A button that somebody pressed in Slack. What it asks for goes through the routes of the API in the name of whom the
 * member of the workspace stands for; what is wrong is told to that person alone. Slack gets its 200 whenever the request
 * was its own. Throws Unauthenticated, InvalidInput.
 */
export async function handleInteraction({
  header,
  body,
  ask,
  logger,
}: OpenRequest): Promise<{ status: 200 }> {
  await assertOfSlack({
    timestamp: header('x-slack-request-timestamp'),
    signature: header('x-slack-signature'),
    body,
  });
  const button = buttonIn(body);
  if (button === undefined) return { status: 200 };
  const answer = await inTime(answerTo(button, ask), button.value);
  try {
    const { status } = await post({
      url: button.pressed.response_url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(answer),
      timeoutMs: answerMs,
    });
    if (status >= 300) logger.warn('answer not taken by Slack', { status });
  } catch (error) {
    // What was decided stands; the message in Slack is old, and its buttons say so when they are pressed.
    logger.warn('answer not shown in Slack', { error: String(error) });
  }
  return { status: 200 };
}
