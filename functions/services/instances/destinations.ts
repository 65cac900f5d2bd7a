import type { Reaches } from '#platform/outbound/destination.ts';
import { resolveDestination } from '#platform/outbound/destination.ts';

/** How long names may take to be looked up, ms. */
const dnsMs = 5_000;

/** Where instances may be: in private networks, too, where the environment says so (THESEUS_PRIVATE_ENDPOINTS=allowed). */
export const endpointReaches = (): Reaches => ({
  privateNetworks: process.env.THESEUS_PRIVATE_ENDPOINTS === 'allowed',
});

/** Throws DestinationRefused or DestinationUnreachable for the first that is not to be asked. */
export async function checkEndpoints(urls: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(dnsMs);
  await Promise.all(urls.map((url) => resolveDestination(url, signal, endpointReaches())));
}
