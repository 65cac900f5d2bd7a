import { z } from 'zod';
import { callFunction, ReportedFailure } from '#platform/call.ts';
import { VersionNotRegistered } from './errors.ts';
import { askCapability } from './targets/capability-ask.ts';

// What the services say of a version before it is deployed.

const waitMs = 25_000;

/** When it was registered; null: not known. Throws VersionNotRegistered when the services know no such version. */
export async function assertRegistered(service: string, version: string): Promise<string | null> {
  try {
    const { registeredAt } = await callFunction({
      variable: 'SERVICES_DESCRIBE_VERSION_FUNCTION',
      payload: { service, version },
      answer: z.object({ registeredAt: z.string().nullable().default(null) }),
      waitMs,
    });
    return registeredAt;
  } catch (error) {
    if (!(error instanceof ReportedFailure) || error.retryable) throw error;
    throw new VersionNotRegistered(`Version ${version} of ${service} is not registered`, {
      evidence: { service, version, reported: error.name },
      action: 'Register it first, then deploy it: see `theseus service --help`.',
      cause: error,
    });
  }
}

const Comparison = z.object({
  compatible: z.boolean(),
  bump: z.json().optional(),
  changes: z.array(z.json()).default([]),
  broken: z.array(z.object({ service: z.string(), version: z.string(), range: z.string() })).default([]),
});
export type Comparison = z.infer<typeof Comparison>;

/** How a version differs from the one that has the traffic (null: none has), and whom it breaks. */
export const compareVersions = (service: string, from: string | null, to: string): Promise<Comparison> =>
  askCapability({
    variable: 'SERVICES_COMPARE_VERSIONS_FUNCTION',
    payload: { service, from, to },
    answer: Comparison,
    waitMs,
  });
