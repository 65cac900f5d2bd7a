import { z } from 'zod';
import { callFunction, ReportedFailure, ReportedRefusal } from '#platform/call.ts';
import { EnvironmentIncomplete, ServiceUnavailable } from '#platform/errors.ts';
import type { InvocationLogger } from '#platform/telemetry.ts';
import type { ApiRecord } from '../records.ts';
import { markServed } from '../registry/apis.ts';
import { routeOf } from './route.ts';

const waitMs = 10_000;

/** Why the gateway refused, with the first of the fields that it named. */
function problemText(error: ReportedRefusal | ReportedFailure): string {
  const [first] = error instanceof ReportedRefusal ? error.problems : [];
  const field =
    first === undefined || error.message.includes(first.detail) ? '' : ` (${first.pointer}: ${first.detail})`;
  return `${error.name}: ${error.message}${field}`.slice(0, 1_000);
}

/**
 * Tells the gateway the newest state of an API, and enters that it knows. What the gateway refuses stands in the record
 * as `servingProblem`; an answer that comes too late is asked for again by the sweeper. Returns the record as it is then.
 */
export async function serveApi(
  record: ApiRecord,
  { logger }: { logger: Pick<InvocationLogger, 'warn'> },
): Promise<ApiRecord> {
  if (record.servedRevision >= record.routeRevision) return record;
  const told = record.routeRevision;
  const route = await routeOf(record);
  if (route === undefined) return markServed(record.id, told, null);
  try {
    await callFunction({
      variable: 'GATEWAY_PUT_API_FUNCTION',
      payload: route,
      answer: z.unknown(),
      waitMs,
    });
    return await markServed(record.id, told, null);
  } catch (error) {
    const refused =
      error instanceof ReportedRefusal || (error instanceof ReportedFailure && !error.retryable);
    if (refused) return markServed(record.id, told, problemText(error));
    const late =
      error instanceof ReportedFailure ||
      error instanceof ServiceUnavailable ||
      error instanceof EnvironmentIncomplete;
    if (!late) throw error;
    logger.warn('the gateway was not told; the sweeper does it', { api: record.id, reason: error.message });
    return record;
  }
}
