import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import { assertPossible } from './actions.ts';
import { type Change, changeDeprecation } from './deprecation-store.ts';
import { nextExecution, startNamed } from './execution.ts';
import type { DeprecationRecord } from './records.ts';
import type { Action } from './schemas.ts';

// What a person decides is first written to the record on the condition that it is possible, then a new execution looks
// at once. Whoever is cut off between leaves the rest to the reconciler.

/** What a person asks, with what it needs. */
export type Decision =
  | { action: 'pause' | 'resume' | 'cancel' | 'restore' | 'skip-brownout'; reason: string }
  | { action: 'extend'; days: number; reason: string }
  | { action: 'exempt' | 'consent'; consumer: string; reason: string };

/** Throws Conflict when it is not possible as it stands, InvalidInput beyond what the policy allows, NotFound. */
export async function decide(id: string, decision: Decision, by: string): Promise<DeprecationRecord> {
  const record = await changeDeprecation(id, (current) => {
    assertPossible(current, decision.action, clock.now());
    const change = changeFor(current, decision, by);
    const execution = nextExecution(current, clock.iso());
    return { ...change, set: { ...change.set, execution, deaths: 0 } };
  });
  await startNamed(record);
  return record;
}

/** Nothing that was only announced holds any more: it is planned anew, and told anew. */
export const planAnew = (brownouts: DeprecationRecord['brownouts']): DeprecationRecord['brownouts'] =>
  brownouts.map((one) =>
    one.state === 'announced' ? { ...one, state: 'planned', from: null, to: null } : one,
  );

const endBegun = (brownouts: DeprecationRecord['brownouts']): DeprecationRecord['brownouts'] =>
  brownouts.map((one) => (one.state === 'begun' ? { ...one, state: 'interrupted', to: clock.iso() } : one));

/** The extension of a deprecation, whoever decides it. */
export function extended(record: DeprecationRecord, days: number, reason: string, by: string): Change {
  return {
    set: {
      extensions: [...record.extensions, { days, reason, by, at: clock.iso() }],
      brownouts: planAnew(endBegun(record.brownouts)),
      askedConsentAt: null,
    },
    events: [{ type: 'deprecation.extended', actor: by, data: { days, reason } }],
  };
}

function changeFor(record: DeprecationRecord, decision: Decision, by: string): Change {
  const { action, reason } = decision;
  const stamp = { by, at: clock.iso(), reason };
  const event = (type: string, data: Record<string, string> = {}) => ({
    type: `deprecation.${type}`,
    actor: by,
    data: { ...data, reason },
  });
  switch (action) {
    case 'pause':
      return {
        set: { paused: stamp, status: 'paused', brownouts: planAnew(endBegun(record.brownouts)) },
        events: [event('paused')],
      };
    case 'resume':
      return { set: resumed(record), events: [event('resumed')] };
    case 'extend':
      assertExtension(record, decision.days);
      return extended(record, decision.days, reason, by);
    case 'cancel':
      return { set: { cancel: stamp, ...resumed(record) }, events: [event('cancel_asked')] };
    case 'restore':
      return { set: { restore: stamp, ...resumed(record) }, events: [event('restore_asked')] };
    case 'skip-brownout':
      return skipped(record, event('brownout_skipped'));
    case 'exempt':
      return {
        set: {
          exempt: [...new Set([...record.exempt, decision.consumer])],
          consumers: withConsumer(record, decision.consumer, { exempt: true }),
        },
        events: [event('exempted', { consumer: decision.consumer })],
      };
    case 'consent':
      return {
        set: {
          consumers: withConsumer(record, decision.consumer, {
            consented: { by, at: clock.iso() },
            ready: true,
          }),
        },
        events: [event('consented', { consumer: decision.consumer })],
      };
  }
}

/** What it was paused for comes later; nothing is lost of the notice. */
const resumed = ({ paused, pausedMs }: DeprecationRecord) => ({
  paused: null,
  status: 'running' as const,
  pausedMs: paused === null ? pausedMs : pausedMs + Math.max(0, clock.now() - Date.parse(paused.at)),
});

function skipped(record: DeprecationRecord, event: NonNullable<Change['events']>[number]): Change {
  const index = record.brownouts.findIndex(({ state }) => ['begun', 'announced', 'planned'].includes(state));
  const brownouts = record.brownouts.map((one, at) => {
    if (at !== index) return one;
    const lasts = one.state === 'begun';
    return lasts
      ? { ...one, state: 'interrupted' as const, to: clock.iso() }
      : { ...one, state: 'skipped' as const, from: null, to: null };
  });
  return { set: { brownouts }, events: [event] };
}

function withConsumer(
  { consumers, exempt }: DeprecationRecord,
  consumer: string,
  set: Partial<DeprecationRecord['consumers'][number]>,
): DeprecationRecord['consumers'] {
  if (consumers.some((one) => one.consumer === consumer))
    return consumers.map((one) => (one.consumer === consumer ? { ...one, ...set } : one));
  const unseen = { consumer, requests: 0, lastSeen: null, uses: [], consented: null, ready: true };
  return [...consumers, { ...unseen, exempt: exempt.includes(consumer), ...set }];
}

function assertExtension({ policy, id }: DeprecationRecord, days: number): void {
  if (days <= policy.extensions.days) return;
  throw new InvalidInput(`${id} may be put off by ${policy.extensions.days} days at most, found ${days}`, {
    problems: [
      { pointer: '/body/days', detail: `Expected at most ${policy.extensions.days}, found ${days}` },
    ],
    action: 'Ask for fewer days; what its policy allows is in `policy.extensions`.',
  });
}

/** The actions that need nothing but a reason. */
export const plainActions = [
  'pause',
  'resume',
  'cancel',
  'restore',
  'skip-brownout',
] as const satisfies Action[];
