import { createHash } from 'node:crypto';
import { newId } from '#platform/ids.ts';
import type { RequestTools } from '#platform/route.ts';
import { readApi } from '../registry/apis.ts';
import { descriptionOf } from '../registry/descriptions.ts';
import { versionOf } from '../registry/versions.ts';
import { createDeprecation, openDeprecations, readDeprecation } from './deprecation-store.ts';
import { hasElement } from './elements.ts';
import { startNamed } from './execution.ts';
import { newRecord } from './new-record.ts';
import { policyFor } from './policy-store.ts';
import type { DeprecationRecord } from './records.ts';
import type { NewDeprecation } from './schemas.ts';
import { assertElements, successorOf } from './subject.ts';

// A deprecation before it is one: everything that can be refused is refused here, and nothing is stored.

/** Made from the Idempotency-Key: a run that takes a request over finishes the first one's deprecation. */
function idOf({ caller, idempotencyKey }: Pick<RequestTools, 'caller' | 'idempotencyKey'>): string {
  if (idempotencyKey === undefined) return newId('dpr');
  const hash = createHash('sha256').update(`${caller.subject.length}:${caller.subject}${idempotencyKey}`);
  return `dpr_${hash.digest('hex').slice(0, 20)}`;
}

/**
 * What there is to check of a request as the API stands: where consumers are to go. Throws DeprecationRefused. `self` is
 * the deprecation that asks, when it is stored already.
 */
export async function checkSubject(
  apiName: string,
  asked: Pick<NewDeprecation, 'version' | 'elements' | 'successor'>,
  self?: string,
): Promise<string> {
  const api = await readApi(apiName);
  const open = (await openDeprecations(apiName)).filter(({ id }) => id !== self);
  const successor = successorOf(api, asked, open);
  if (asked.elements !== null) {
    const description = await descriptionOf(versionOf(api, asked.version), api.settings.kind);
    assertElements(apiName, asked, (element) => hasElement(description, element));
  }
  return successor;
}

/** Begins a deprecation. Throws NotFound, and DeprecationRefused for what must not go: then nothing is stored. */
export async function startDeprecation(
  apiName: string,
  request: NewDeprecation,
  tools: Pick<RequestTools, 'caller' | 'idempotencyKey'>,
): Promise<DeprecationRecord> {
  const id = idOf(tools);
  const api = await readApi(apiName);
  const successor = await checkSubject(apiName, request, id);
  const record = newRecord(apiName, request, {
    id,
    by: tools.caller.subject,
    successor,
    policy: await policyFor(api, request),
  });
  await createDeprecation(record);
  const stored = await readDeprecation(id);
  await startNamed(stored);
  return stored;
}
