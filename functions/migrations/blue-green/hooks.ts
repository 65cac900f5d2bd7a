import { clock } from '#platform/clock.ts';
import { NotFound, TheseusError } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { post } from '#platform/outbound/post.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { HookFailed } from '../errors.ts';
import { saveStep } from '../executions/progress.ts';
import { changeMigration } from '../migration-store.ts';
import type { DatabaseRecord } from '../records.ts';
import { wants } from '../webhooks/filter.ts';
import { receiverMs, signedMessage } from '../webhooks/signed-message.ts';
import { listWebhooks, readWebhook } from '../webhooks/store.ts';
import type { Pair } from './pair.ts';
import { changeState } from './record.ts';
import type { Hook } from './schemas.ts';

/** Types that are not delivered later but called in the middle of a switch; a webhook names them in full. */
const moments = ['switch.before', 'switch.after'] as const;
type Moment = (typeof moments)[number];

/** On the way to where clients were, a hook that does not answer is called this often. */
const mostCalls = 3;

/** Enabled webhooks that are to be called when clients of a database are moved. */
export async function hooksOf(database: Pick<DatabaseRecord, 'id' | 'name' | 'labels'>): Promise<Hook[]> {
  const enabled = (await listWebhooks()).filter(({ kind, disabled }) => kind === 'webhook' && !disabled);
  return enabled.flatMap(({ id, url, filter }) => {
    const named = moments.filter((type) => filter.types.includes(type) && wants(filter, { type, database }));
    return named.length === 0 ? [] : [{ id, url, types: named }];
  });
}

/** A move of clients as a hook is told of it, by names of databases. */
export interface Way {
  from: string;
  to: string;
  /** Who has clients once the hook has done what it is to do. */
  serves: string;
}

async function callOne({ record }: Pair, hook: Hook, type: Moment, way: Way, calls: number): Promise<void> {
  const at = clock.iso();
  const { id, name, databaseId, databaseName, schema } = record;
  const payload = JSON.stringify({
    type,
    timestamp: at,
    data: {
      id: `evt.${id}.${type}.${Date.parse(at)}`,
      sequence: null,
      migration: { id, name },
      fleet: null,
      database: { id: databaseId, name: databaseName },
      schema,
      actor: 'theseus',
      details: { ...way },
    },
  });
  // The same at every try, and another at every call: a receiver that remembers ids hears a later pause, too.
  const message = { id: newId('msg'), payload };
  for (let call = 1; ; call += 1) {
    try {
      const signed = await signedMessage(await readWebhook(hook.id), message);
      if (signed === undefined) {
        throw new NotFound(`The secret of ${hook.id} is gone`, {
          action: 'Remove the webhook and add it again.',
        });
      }
      const { status, text } = await post({ ...signed, timeoutMs: receiverMs });
      if (status >= 200 && status < 300) return;
      throw new HookFailed(`${hook.url} answered ${type} with ${status}`, {
        evidence: { webhook: hook.id, type, status, answer: text },
      });
    } catch (error) {
      if (!(error instanceof TheseusError)) throw error;
      const lasting = !(error instanceof HookFailed) && !error.retryable;
      if (call < calls && !lasting) {
        await clock.sleep(jitteredBackoff(call, 1_000, 5_000));
        continue;
      }
      if (error instanceof HookFailed) throw error;
      throw new HookFailed(`${hook.url} was not told ${type}: ${error.message}`, {
        evidence: { webhook: hook.id, type, reason: error.name },
      });
    }
  }
}

/** Calls those that want it, all at once. Returns what failed. */
async function callAll(pair: Pair, type: Moment, way: Way, calls: number): Promise<HookFailed[]> {
  const hooks = (pair.plan.hooks ?? []).filter(({ types }) => types.includes(type));
  if (hooks.length === 0) return [];
  const began = clock.monotonic();
  const called = await Promise.allSettled(hooks.map((hook) => callOne(pair, hook, type, way, calls)));
  const failed: HookFailed[] = [];
  for (const one of called) {
    if (one.status === 'fulfilled') continue;
    if (!(one.reason instanceof HookFailed)) throw one.reason;
    failed.push(one.reason);
  }
  await saveStep(pair.record.id, {
    phase: pair.record.phase ?? 'switch',
    step: type,
    purpose: `${type === 'switch.before' ? 'Whoever sends clients stops' : `Clients are sent to ${way.serves}`}: ${hooks.map(({ url }) => url).join(', ')}`,
    status: 'done',
    lockWaitMs: 0,
    lockHoldMs: 0,
    attempts: 1,
    durationMs: clock.monotonic() - began,
    progress: null,
    at: clock.iso(),
  });
  return failed;
}

const hasHooks = ({ plan }: Pair): boolean => (plan.hooks ?? []).length > 0;

/** Lets the hooks stop clients. Throws HookFailed when one does not; those that did are told to go on. */
export async function stopClients(pair: Pair, way: Way): Promise<void> {
  if (!hasHooks(pair)) return;
  await changeState(pair.record.id, { clientsStopped: true });
  const [failed] = await callAll(pair, 'switch.before', way, 1);
  if (failed === undefined) return;
  await sendClientsBack(pair, way);
  throw failed;
}

/** Lets the hooks send clients to the other side. Throws HookFailed when one does not. */
export async function sendClients(pair: Pair, way: Way): Promise<void> {
  if (!hasHooks(pair)) return;
  const [failed] = await callAll(pair, 'switch.after', way, 1);
  if (failed !== undefined) throw failed;
  await changeState(pair.record.id, { clientsStopped: false });
}

/** On the way back nothing is refused: whoever does not stop clients finds them refused, or followed. */
export async function stopClientsIfPossible(pair: Pair, way: Way): Promise<void> {
  if (!hasHooks(pair)) return;
  await changeState(pair.record.id, { clientsStopped: true });
  await callAll(pair, 'switch.before', way, 1);
}

/** Sends clients to where they were. Never refuses: who was not told is named in the record, for a person to tell. */
export async function sendClientsBack(pair: Pair, way: Way): Promise<void> {
  if (!hasHooks(pair)) return;
  const failed = await callAll(pair, 'switch.after', way, mostCalls);
  if (failed.length === 0) return void (await changeState(pair.record.id, { clientsStopped: false }));
  const untold = failed.map(({ message }) => `clients may be held, send them to ${way.serves}: ${message}`);
  await changeMigration(pair.record.id, ({ differences }) => ({
    set: { differences: [...differences.filter((one) => !untold.includes(one)), ...untold] },
    events: [{ type: 'hook.failed', actor: 'theseus', data: { serves: way.serves, reasons: untold } }],
  }));
}
