import { z } from 'zod';
import { Usage } from '#compatibility/usage.ts';
import { callFunction, ReportedFailure } from '#platform/call.ts';
import { clock } from '#platform/clock.ts';
import { EnvironmentIncomplete, ServiceUnavailable } from '#platform/errors.ts';
import { usageByOperations } from '../graphs/operation-store.ts';
import { withRegistered } from '../graphs/registered-usage.ts';
import type { ApiRecord } from '../records.ts';

const day = 86_400_000;
/** What usage is weighed by, unless somebody asks for another window. */
export const usualDays = 30;

/** What the gateway counted of an API; more than is read of it may be in the answer. */
export const RecordedUsage = z.object({
  days: z.array(
    z.object({ day: z.string(), version: z.string(), requests: z.number(), consumers: z.number() }),
  ),
  usage: Usage,
});
export type RecordedUsage = z.infer<typeof RecordedUsage>;

/** Asks the gateway what was used of an API in so many days up to now. Throws ServiceUnavailable, ReportedFailure. */
export function askUsage(api: string, days: number): Promise<RecordedUsage> {
  const to = clock.now();
  return callFunction({
    variable: 'GATEWAY_READ_API_USAGE_FUNCTION',
    payload: { api, from: new Date(to - days * day).toISOString(), to: new Date(to).toISOString() },
    answer: RecordedUsage,
    waitMs: 10_000,
  });
}

/**
 * What consumers used in the last 30 days; null where nobody counted, or the gateway cannot say so now. Of GraphQL what
 * clients registered counts beside what the gateway saw.
 */
export async function readUsage(api: ApiRecord): Promise<Usage | null> {
  const counted = await countedUsage(api);
  if (api.settings.kind !== 'graphql') return counted;
  const registered = await usageByOperations(api, usualDays);
  if (counted === null || registered === null) return counted ?? registered;
  return withRegistered(counted, registered);
}

async function countedUsage({ id, settings, versions }: ApiRecord): Promise<Usage | null> {
  if (settings.service === null || versions.length === 0) return null;
  try {
    const { usage } = await askUsage(id, usualDays);
    // Nobody called: that says nothing about who would.
    return usage.consumers.length === 0 ? null : usage;
  } catch (error) {
    const late =
      error instanceof ServiceUnavailable ||
      error instanceof ReportedFailure ||
      error instanceof EnvironmentIncomplete;
    if (late) return null;
    throw error;
  }
}
