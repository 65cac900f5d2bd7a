import { clock } from '#platform/clock.ts';
import { readApi } from '../registry/apis.ts';
import { type Acting, changeActing } from './execution.ts';
import { progressOf } from './progress.ts';
import type { DeprecationRecord } from './records.ts';
import { readApiUsage } from './usage.ts';

/** Reads who uses it now, and enters that. Throws ExecutionSuperseded, ServiceUnavailable, ReportedFailure. */
export async function analyse(acting: Acting, record: DeprecationRecord): Promise<DeprecationRecord> {
  const api = await readApi(record.api);
  const { usage } = await readApiUsage(api, record.policy.usageDays, clock.now());
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
