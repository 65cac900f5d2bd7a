import { z } from 'zod';
import type { TargetRecord } from './records.ts';
import { Counts, FailureGroup, type TargetStatus } from './schemas.ts';

const WaveSum = z.object({
  counts: Counts,
  /** Of the targets done, ms. */
  durations: z.array(z.number()),
});

/** What some targets came to: small enough to be kept for a hundred of them, and added up for all. */
export const Sum = z.object({
  /** By the index of the wave; `pending` counts only what has a record. */
  waves: z.record(z.string(), WaveSum),
  failures: z.array(FailureGroup),
  exclusions: z.array(z.strictObject({ reason: z.string(), targets: z.int() })),
});
export type Sum = z.infer<typeof Sum>;

export const column: Record<TargetStatus, keyof Counts> = {
  pending: 'pending',
  running: 'running',
  own_execution: 'running',
  done: 'done',
  failed: 'failed',
  excluded: 'excluded',
  undone: 'undone',
  undo_failed: 'failed',
};

export const noTargets = (): Counts => ({
  pending: 0,
  running: 0,
  done: 0,
  failed: 0,
  excluded: 0,
  undone: 0,
});

/** What these targets came to. */
export function sumOf(targets: readonly TargetRecord[]): Sum {
  const sum: Sum = { waves: {}, failures: [], exclusions: [] };
  for (const { wave: index, status, durationMs } of targets) {
    const wave = sum.waves[index] ?? { counts: noTargets(), durations: [] };
    sum.waves[index] = wave;
    wave.counts[column[status]] += 1;
    if (status === 'done' && durationMs !== null) wave.durations.push(durationMs);
  }
  const failed = targets.filter(({ status }) => status === 'failed' || status === 'undo_failed');
  const causes = Map.groupBy(failed, ({ failure }) => failure?.name ?? 'Unknown');
  for (const [name, all] of causes) {
    sum.failures.push({
      name,
      targets: all.length,
      message: all[0]?.failure?.message ?? '',
      action: all[0]?.failure?.action ?? null,
      examples: all.slice(0, mostExamples).map(({ database, schema }) => `${database}/${schema}`),
    });
  }
  const left = targets.filter(({ status }) => status === 'excluded');
  for (const [reason, all] of Map.groupBy(left, (one) => one.reason ?? '')) {
    sum.exclusions.push({ reason, targets: all.length });
  }
  return sum;
}

const mostExamples = 5;

/** Both together; the first one's messages and examples come first. */
export function addSums(one: Sum, other: Sum): Sum {
  const waves = { ...one.waves };
  for (const [index, { counts, durations }] of Object.entries(other.waves)) {
    const known = waves[index] ?? { counts: noTargets(), durations: [] };
    waves[index] = {
      counts: addCounts(known.counts, counts),
      durations: [...known.durations, ...durations],
    };
  }
  return {
    waves,
    failures: addedBy(
      [...one.failures, ...other.failures],
      ({ name }) => name,
      (first, next) => ({
        ...first,
        targets: first.targets + next.targets,
        examples: [...first.examples, ...next.examples].slice(0, mostExamples),
      }),
    ),
    exclusions: addedBy(
      [...one.exclusions, ...other.exclusions],
      ({ reason }) => reason,
      (first, next) => ({
        ...first,
        targets: first.targets + next.targets,
      }),
    ),
  };
}

export function addCounts(one: Counts, other: Counts): Counts {
  const sum = noTargets();
  for (const status of new Set(Object.values(column))) sum[status] = one[status] + other[status];
  return sum;
}

function addedBy<T>(all: readonly T[], nameOf: (one: T) => string, add: (first: T, next: T) => T): T[] {
  const named = new Map<string, T>();
  for (const one of all) {
    const first = named.get(nameOf(one));
    named.set(nameOf(one), first === undefined ? one : add(first, one));
  }
  return [...named.values()];
}
