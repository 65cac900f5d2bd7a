import { createHash } from 'node:crypto';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { resolveDestination } from '#platform/outbound/destination.ts';
import type { RequestTools } from '#platform/route.ts';
import { readEnvironment } from '../environments/environments.ts';
import { assertAlive, assertSettable } from '../registry/check-setting.ts';
import { flagOf } from '../registry/flags.ts';
import { assertVariant } from '../registry/settled.ts';
import { readFlags } from '../registry/snapshot.ts';
import { newExecution, startExecution } from './execution.ts';
import { type Beginning, beginningOf } from './growing.ts';
import { reaches } from './health.ts';
import type { RolloutRecord } from './records.ts';
import { createRollout, findRollout, readRollout } from './rollout-store.ts';
import type { NewRollout } from './schemas.ts';
import { assertFree, takeFlag } from './slots.ts';

// A rollout before it is one: everything that can be refused is refused here, and nothing is stored.

const lookUpMs = 5_000;

/** Made from the Idempotency-Key: a run that takes a request over finishes the first one's rollout. */
function idOf({ caller, idempotencyKey }: Pick<RequestTools, 'caller' | 'idempotencyKey'>): string {
  if (idempotencyKey === undefined) return newId('rol');
  const hash = createHash('sha256').update(`${caller.subject.length}:${caller.subject}${idempotencyKey}`);
  return `rol_${hash.digest('hex').slice(0, 20)}`;
}

/** Where it begins, once it is clear that every step can be set. */
async function check(environment: string, key: string, { to, steps, health }: NewRollout) {
  const flags = await readFlags(await readEnvironment(environment));
  const { flag, version } = flagOf(environment, key, flags);
  await assertAlive(environment, key);
  assertVariant(key, flag, '/body/to', to);
  const beginning = beginningOf(key, flag, to);
  assertGrows(beginning, to, steps);
  assertSettable(environment, key, flags, { percentage: 100, variant: to, rest: beginning.rest });
  for (const url of health?.urls ?? [])
    await resolveDestination(url, AbortSignal.timeout(lookUpMs), reaches());
  return { ...beginning, version };
}

function assertGrows({ percentage }: Beginning, to: string, steps: NewRollout['steps']): void {
  const [first] = steps;
  if (first === undefined || first.percentage > percentage) return;
  const detail = `Expected more than ${percentage}, which get ${to} now, found ${first.percentage}`;
  throw new InvalidInput(`/body/steps/0/percentage: ${detail}`, {
    problems: [{ pointer: '/body/steps/0/percentage', detail }],
    action: 'Begin above what there is: a rollout takes nothing from anybody.',
  });
}

/**
 * Stores a rollout and begins it. Throws NotFound, InvalidInput, FlagRefused, FlagNotSettable, FlagKilled,
 * RolloutInProgress, RecordContended, DestinationRefused; then nothing is stored.
 */
export async function startRollout(
  environment: string,
  flag: string,
  request: NewRollout,
  tools: Pick<RequestTools, 'caller' | 'idempotencyKey'>,
): Promise<RolloutRecord> {
  const id = idOf(tools);
  const known = await findRollout(id);
  if (known !== undefined) return startExecution(known);
  await assertFree(environment, flag, id);
  const { rest, version } = await check(environment, flag, request);
  await takeFlag(environment, flag, { id, counts: request.judge !== undefined });
  const at = clock.iso();
  const by = tools.caller.subject;
  await createRollout({
    schemaVersion: 1,
    id,
    revision: 1,
    environment,
    flag,
    to: request.to,
    rest,
    steps: request.steps,
    judge: request.judge ?? null,
    urls: request.health?.urls ?? [],
    lookSeconds: request.lookSeconds,
    onFail: request.onFail,
    why: request.why,
    status: 'running',
    before: version,
    version,
    current: null,
    samples: [],
    judgement: null,
    health: [],
    ill: 0,
    promote: null,
    paused: null,
    ends: null,
    reason: null,
    execution: newExecution(id, 1),
    createdBy: by,
    createdAt: at,
    endedAt: null,
    updatedAt: at,
    outbox: [
      {
        sequence: 0,
        at,
        type: 'rollout.created',
        actor: by,
        data: { why: request.why, to: request.to, steps: request.steps.map(({ percentage }) => percentage) },
      },
    ],
    nextSequence: 1,
  });
  return startExecution(await readRollout(id));
}
