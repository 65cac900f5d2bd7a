import { z } from 'zod';
import { callFunction, ReportedFailure } from '#platform/call.ts';

const Described = z.object({
  instances: z.array(
    z.object({
      url: z.string(),
      healthCheck: z.object({ path: z.string(), expectedStatus: z.int(), timeoutMs: z.int() }).nullable(),
    }),
  ),
});
export type Instance = z.infer<typeof Described>['instances'][number];

/** Where the instances of a service are; none when it is not known. Throws ServiceUnavailable, ReportedFailure when it cannot be said. */
export async function instancesOf(service: string): Promise<Instance[]> {
  try {
    const { instances } = await callFunction({
      variable: 'SERVICES_DESCRIBE_SERVICE_FUNCTION',
      payload: { service },
      answer: Described,
      waitMs: 10_000,
    });
    return instances;
  } catch (error) {
    // A name that the services do not take is the name of none.
    if (error instanceof ReportedFailure && !error.retryable) return [];
    throw error;
  }
}

/** How many instances a service has; null where that cannot be said now. */
export const countInstances = (service: string): Promise<number | null> =>
  instancesOf(service).then(
    (instances) => instances.length,
    () => null,
  );
