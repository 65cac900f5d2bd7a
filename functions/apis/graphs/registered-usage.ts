import type { Usage } from '#compatibility/usage.ts';

type ConsumerUsage = Usage['consumers'][number];

/**
 * What the gateway counted and what clients registered as one: a client that is in both used what either says. What is
 * registered counts as asked for, seen or not.
 */
export function withRegistered(counted: Usage, registered: Usage): Usage {
  const consumers = new Map(counted.consumers.map((one) => [keyOf(one), one]));
  for (const one of registered.consumers) {
    const types = one.types?.map((used) => ({ ...used, requests: Math.max(1, used.requests) }));
    const seen = consumers.get(keyOf(one));
    consumers.set(keyOf(one), seen ? both(seen, { ...one, types }) : { ...one, types });
  }
  return { ...counted, consumers: [...consumers.values()] };
}

const keyOf = ({ consumer, version }: ConsumerUsage) => JSON.stringify([consumer, version]);

function both(seen: ConsumerUsage, registered: ConsumerUsage): ConsumerUsage {
  return {
    ...seen,
    lastSeen: [seen.lastSeen, registered.lastSeen].toSorted().at(-1) ?? seen.lastSeen,
    // Where the gateway could not read what was asked for, that is still not known.
    types: seen.types && [...seen.types, ...(registered.types ?? [])],
  };
}
