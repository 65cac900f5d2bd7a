/** Keys of circuit breakers. Counts lie in partitions of their own, one a shard. */
export const breakerKeys = {
  index: 'gsi1',
  all: 'BREAKERS',
  key: (name: string) => ({ pk: `BREAKER#${name}`, sk: 'STATE' }),
  record: (name: string) => ({ ...breakerKeys.key(name), gsi1pk: breakerKeys.all, gsi1sk: name }),
  counts: (name: string, shard: number, generation: number, bucket: number) => ({
    pk: `BREAKER_COUNTS#${name}#${shard}`,
    sk: `${generation}#${String(bucket).padStart(14, '0')}`,
  }),
  /** All counts of a generation from a bucket on. */
  countsFrom: (name: string, shard: number, generation: number, bucket: number) => ({
    pk: breakerKeys.counts(name, shard, generation, bucket).pk,
    first: breakerKeys.counts(name, shard, generation, bucket).sk,
    last: `${generation}#~`,
  }),
};
