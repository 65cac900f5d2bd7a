import { z } from 'zod';
import { askCapability } from './capability-ask.ts';
import type { Target } from './schemas.ts';

// What the gateway says of a service's route.

const waitMs = 20_000;

const RouteFacts = z.object({
  route: z
    .object({
      targets: z.array(z.object({ version: z.string(), percent: z.int(), target: z.json() })),
      canaries: z.array(z.looseObject({ version: z.string() })),
    })
    .nullable(),
});

/** The route of a service, or null. */
export const readRoute = async (service: string) =>
  (
    await askCapability({
      variable: 'GATEWAY_DESCRIBE_ROUTE_FUNCTION',
      payload: { service },
      answer: RouteFacts,
      waitMs,
    })
  ).route;

/**
 * The registered version that has the traffic now; null where none has, and where the target tells versions apart by other
 * names than those they are registered with.
 */
export async function servingVersion(service: string, target: Target): Promise<string | null> {
  if (target.kind !== 'http') return null;
  const targets = (await readRoute(service))?.targets ?? [];
  return targets.toSorted((one, other) => other.percent - one.percent)[0]?.version ?? null;
}
