import { createHash } from 'node:crypto';
import type { Caller } from '#platform/access.ts';
import { clock } from '#platform/clock.ts';
import { Forbidden, InvalidInput } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { resolveDestination } from '#platform/outbound/destination.ts';
import type { RequestTools } from '#platform/route.ts';
import { UpdateInProgress, ValueRefused } from '../errors.ts';
import { brokenBy } from '../keys/check.ts';
import { nameOf } from '../resolution/layers.ts';
import type { Content } from '../schemas.ts';
import { sealedContent } from '../secrets/sealing.ts';
import { readValue, readVersion } from '../values/store.ts';
import { conflictOf } from './conflict.ts';
import { newExecution, startExecution } from './execution.ts';
import { countInstances } from './health/instances.ts';
import { reaches } from './health/look.ts';
import {
  affectedBy,
  assertCompliant,
  assertFits,
  assertOnce,
  definitionOf,
  healthOf,
  needsApproval,
  type Planned,
  violationsAfter,
} from './planning.ts';
import { ahead } from './queue.ts';
import type { UpdateRecord } from './records.ts';
import type { NewChange, NewUpdate, UpdatePlan } from './schemas.ts';
import { readSlots, slotOf, takeSlots } from './slots.ts';
import { createUpdate, forgetUpdate, readUpdate } from './update-store.ts';

// An update before it is one: everything that can be refused is refused here, and nothing is stored.

const longestSecret = 4_096;
/** How long the addresses of health may take to be looked up, ms. */
const lookUpMs = 5_000;

/** A change that is checked, and not sealed yet. */
interface Checked extends Planned {
  before: number;
  change: NewChange;
}

function assertMayWrite(
  { groups, roles }: Caller,
  { key, definition }: Pick<Planned, 'key' | 'definition'>,
): void {
  if (!definition?.secret || roles.includes('administrator')) return;
  if (definition.writers.some((group) => groups.includes(group))) return;
  throw new Forbidden(`You may not write ${nameOf(key)}`, {
    evidence: { key, writers: definition.writers },
    action: 'Ask one of its writers, or an administrator.',
  });
}

/** Throws InvalidInput, ValueRefused without saying anything of the secret. */
function assertSecret(
  secret: string,
  { key, definition }: Pick<Planned, 'key' | 'definition'>,
  at: number,
): void {
  const pointer = `/body/changes/${at}/secret`;
  const bytes = Buffer.byteLength(secret);
  if (bytes > longestSecret) {
    throw new InvalidInput(`${pointer}: Expected at most ${longestSecret} bytes, found ${bytes}`, {
      problems: [{ pointer, detail: `Expected at most ${longestSecret} bytes, found ${bytes}` }],
      action: 'Keep what is larger elsewhere, and the secret to it here.',
    });
  }
  const [broken] = definition === undefined ? [] : brokenBy(definition.schema, secret);
  if (broken === undefined) return;
  throw new ValueRefused(`${nameOf(key)} does not fit the schema of its key: it breaks ${broken.rule}`, {
    evidence: { key, rule: broken.rule },
    action: 'Send a secret that fits.',
  });
}

const notSealed: Content = {
  kind: 'secret',
  sealed: { algorithm: 'none', ciphertext: '', keyArn: '', sealedAt: '1970-01-01T00:00:00.000Z' },
};

/** What a change writes, a secret not sealed yet; null deletes. Throws NotFound for a version that there never was. */
async function contentOf({ key, value, secret, fromVersion }: NewChange): Promise<Content | null> {
  if (fromVersion !== undefined) return (await readVersion(key, fromVersion)).content;
  if (secret !== undefined) return notSealed;
  return value === undefined ? null : { kind: 'plain', value };
}

async function check(change: NewChange, at: number, caller: Caller): Promise<Checked> {
  const { key, secret } = change;
  const definition = await definitionOf(key);
  const content = await contentOf(change);
  const planned = { key, content, definition };
  assertMayWrite(caller, planned);
  assertFits(planned);
  if (secret !== undefined) assertSecret(secret, planned, at);
  const stored = await readValue(key);
  if (content === null && (stored?.content ?? null) === null) {
    const detail = `${nameOf(key)} has no value to delete`;
    throw new InvalidInput(detail, {
      problems: [{ pointer: `/body/changes/${at}/key`, detail }],
      action: 'Leave it out; where a value comes from says: theseus config explain',
    });
  }
  return { ...planned, before: stored?.version ?? 0, change };
}

/** Throws UpdateConflict where another version is in force than the writer saw, and nobody is about to change it. */
function assertSeen(checked: readonly Checked[], busy: ReadonlySet<string>): void {
  for (const { key, before, change } of checked) {
    const { expectedVersion } = change;
    if (expectedVersion === undefined || expectedVersion === before || busy.has(slotOf(key))) continue;
    throw conflictOf(key, expectedVersion, before);
  }
}

async function checkAll(request: NewUpdate, caller: Caller) {
  assertOnce(request.changes);
  for (const url of request.health?.urls ?? [])
    await resolveDestination(url, AbortSignal.timeout(lookUpMs), reaches());
  const checked = await Promise.all(request.changes.map((change, at) => check(change, at, caller)));
  const { entries } = await readSlots();
  assertSeen(checked, new Set(entries.flatMap(({ keys }) => keys)));
  const violations = await violationsAfter(checked);
  return { checked, violations, entries };
}

const kindOf = ({ content }: Checked) =>
  content === null ? 'delete' : content.kind === 'secret' ? 'secret' : 'value';

/** What an update would do; stores nothing. Throws as `startUpdate` does, but for what is in the plan. */
export async function planOf(
  request: NewUpdate,
  { caller }: Pick<RequestTools, 'caller'>,
): Promise<UpdatePlan> {
  const { checked, violations, entries } = await checkAll(request, caller);
  const affected = await affectedBy(checked, request.services);
  const services = await Promise.all(
    affected.map(async (one) => ({ ...one, instances: await countInstances(one.service) })),
  );
  return {
    changes: checked.map((one) => ({
      key: one.key,
      kind: kindOf(one),
      before: one.before,
      ...(one.content?.kind === 'plain' ? { value: one.content.value } : {}),
    })),
    services,
    health: healthOf(checked, request.health),
    approval: needsApproval(request.approval, checked),
    violations,
    queuedBehind: ahead(
      entries,
      '',
      checked.map(({ key }) => slotOf(key)),
    ),
  };
}

/** Made from the Idempotency-Key: a run that takes a request over finishes the first one's update. */
function idOf({ caller, idempotencyKey }: Pick<RequestTools, 'caller' | 'idempotencyKey'>): string {
  if (idempotencyKey === undefined) return newId('upd');
  const hash = createHash('sha256').update(`${caller.subject.length}:${caller.subject}${idempotencyKey}`);
  return `upd_${hash.digest('hex').slice(0, 20)}`;
}

/**
 * Stores an update and begins it, or lets it wait for its turn; secrets are sealed before anything is stored. Throws
 * InvalidInput, Forbidden, ValueRefused, UpdateConflict, UpdateRefused, DestinationRefused, and UpdateInProgress when it
 * is not to wait.
 */
export async function startUpdate(
  request: NewUpdate,
  tools: Pick<RequestTools, 'caller' | 'idempotencyKey'>,
): Promise<UpdateRecord> {
  const { checked, violations } = await checkAll(request, tools.caller);
  assertCompliant(violations);
  const contents = await Promise.all(
    checked.map(({ key, content, change }) =>
      change.secret === undefined ? content : sealedContent(change.secret, key),
    ),
  );
  const services = await affectedBy(checked, request.services);
  const record = newRecord(request, checked, {
    id: idOf(tools),
    by: tools.caller.subject,
    services,
    warnings: violations,
  });
  await createUpdate(record, contents);
  const stored = await readUpdate(record.id);
  try {
    await takeSlots(stored);
  } catch (error) {
    if (error instanceof UpdateInProgress) await forgetUpdate(stored);
    throw error;
  }
  return startExecution(await readUpdate(record.id));
}

function newRecord(
  request: NewUpdate,
  checked: readonly Checked[],
  { id, by, services, warnings }: { id: string; by: string } & Pick<UpdateRecord, 'services' | 'warnings'>,
): UpdateRecord {
  const at = clock.iso();
  return {
    schemaVersion: 1,
    id,
    revision: 1,
    status: 'waiting',
    phase: 'queue',
    execution: newExecution(id, 'start', 1),
    why: request.why,
    changes: checked.map((one) => ({
      key: one.key,
      kind: kindOf(one),
      expectedVersion: one.change.expectedVersion ?? null,
      before: null,
      after: null,
      restored: null,
    })),
    services,
    health: {
      ...healthOf(checked, request.health),
      until: null,
      looks: 0,
      bad: 0,
      seen: [],
      illBefore: [],
      skipped: [],
      hurriedAt: null,
      lookedAt: null,
    },
    whenBusy: request.whenBusy,
    approval: needsApproval(request.approval, checked) ? 'waiting' : 'none',
    warnings,
    applying: false,
    cancel: null,
    failure: null,
    notes: [],
    createdBy: by,
    createdAt: at,
    appliedAt: null,
    endedAt: null,
    updatedAt: at,
    outbox: [{ sequence: 0, at, type: 'update.created', actor: by, data: { why: request.why } }],
    nextSequence: 1,
  };
}
