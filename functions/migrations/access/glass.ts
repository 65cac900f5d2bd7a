import { z } from 'zod';
import type { InvocationMetrics } from '#platform/telemetry.ts';

const Breaking = z.object({ breakGlass: z.string() });

/** Whether a request asks to go past approvals and windows. */
export const breaksGlass = (body: unknown): boolean => Breaking.safeParse(body).success;

/** Counts what went past them: an alarm stands on it. */
export function countBrokenGlass(body: unknown, metrics: InvocationMetrics): void {
  if (breaksGlass(body)) metrics.count('BreakGlass');
}
