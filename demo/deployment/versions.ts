import { z } from 'zod';

/** How a version of the service behaves. */
export const VersionSettings = z.strictObject({
  version: z.string(),
  /** Median of the time that an answer takes, ms. */
  medianMs: z.number().positive(),
  /** Part of the requests that are answered with 500. */
  errorRate: z.number().min(0).max(1),
});
export type VersionSettings = z.infer<typeof VersionSettings>;

/** Says which version answered, past the gateway's own headers: by this the demo counts for itself. */
export const versionHeader = 'x-greeter-version';
