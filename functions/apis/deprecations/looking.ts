import type { Usage } from '#compatibility/usage.ts';
import { clock } from '#platform/clock.ts';
import { usageByOperations } from '../graphs/operation-store.ts';
import { withRegistered } from '../graphs/registered-usage.ts';
import type { ApiRecord } from '../records.ts';
import { readApi } from '../registry/apis.ts';
import { type Acting, changeActing } from './execution.ts';
import { progressOf } from './progress.ts';
import type { DeprecationRecord } from './records.ts';
import { readApiUsage } from './usage.ts';

/** Reads who uses it now, and enters that. Throws ExecutionSuperseded, ServiceUnavailable, ReportedFailure. */
export async function analyse(acting: Acting, record: DeprecationRecord): Promise<DeprecationRecord> {
  const api = await readApi(record.api);
  const usage = await usageOf(api, record);
  const pinned = Object.entries(api.pins).flatMap(([consumer, version]) =>
    version === record.version && record.elements === null ? [consumer] : [],
  );
  return changeActing(acting, (current) => ({
    set: {
      consumers: progressOf(current, usage, pinned),
      analysed: { from: usage.from, to: usage.to, at: clock.iso() },
    },
  }));
}

/** What was used of it; of GraphQL what clients registered counts beside what the gateway saw, as of this version. */
async function usageOf(api: ApiRecord, { policy, version }: DeprecationRecord): Promise<Usage> {
  const { usage } = await readApiUsage(api, policy.usageDays, clock.now());
  if (api.settings.kind !== 'graphql') return usage;
  const registered = await usageByOperations(api, policy.usageDays);
  if (registered === null) return usage;
  const consumers = registered.consumers.map((one) => ({ ...one, version }));
  return withRegistered(usage, { ...registered, consumers });
}
