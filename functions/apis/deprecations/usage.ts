import { z } from 'zod';
import { Usage } from '#compatibility/usage.ts';
import { callFunction } from '#platform/call.ts';
import type { ApiRecord } from '../records.ts';
import { dayMs } from './calendar.ts';

const Answer = z.object({
  usage: Usage,
  refused: z.array(z.object({ consumer: z.string(), brownout: z.string(), requests: z.int() })).default([]),
});
export type UsageAnswer = z.infer<typeof Answer>;

/** What was used of an API in the last days up to `now` (epoch ms), as the gateway counted it; nothing where none serves it. */
export async function readApiUsage(
  { id, settings }: Pick<ApiRecord, 'id' | 'settings'>,
  days: number,
  now: number,
): Promise<UsageAnswer> {
  const window = { from: new Date(now - days * dayMs).toISOString(), to: new Date(now).toISOString() };
  if (settings.service === null) return { usage: { ...window, sampled: 1, consumers: [] }, refused: [] };
  return callFunction({
    variable: 'GATEWAY_READ_API_USAGE_FUNCTION',
    payload: { api: id, ...window },
    answer: Answer,
    waitMs: 20_000,
  });
}
