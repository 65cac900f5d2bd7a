import { z } from 'zod';
import { task } from '#platform/task.ts';
import { detectDrift } from '../drift/detect.ts';
import { detectPublicationDrift } from '../drift/publications.ts';

/**
 * Holds what services and AppConfig have in force against what is stored; what differs is told once, and brought back
 * where a policy says so.
 */
export const handler = task({
  name: 'detect-configuration-drift',
  input: z.looseObject({}),
  output: z.strictObject({
    reports: z.int(),
    appeared: z.int(),
    gone: z.int(),
    remediated: z.int(),
    drifted: z.int().describe('Publications'),
    redeployed: z.int(),
  }),
  async handler(_input, { signal, metrics }) {
    const instances = await detectDrift(signal);
    const publications = await detectPublicationDrift(signal);
    if (publications.drifted > 0) metrics.count('DriftFound', publications.drifted);
    return { ...instances, ...publications };
  },
});
