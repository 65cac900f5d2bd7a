import { InvalidInput } from '#platform/errors.ts';
import type { Wave } from './records.ts';
import type { FleetWaves } from './schemas.ts';

/**
 * The stretches of a list of `targets` that are migrated one after the other: `canaries` first, then up to each share
 * of the whole. A share that adds no target gives no wave.
 */
export function wavesOf(targets: number, canaries: number, percent: FleetWaves['percent']): Wave[] {
  const waves: Wave[] = [];
  let from = 0;
  const upTo = (name: string, to: number) => {
    if (to <= from) return;
    waves.push({ name, from, to });
    from = to;
  };
  upTo('canary', Math.min(canaries, targets));
  for (const share of percent) upTo(`${share}%`, Math.min(targets, Math.ceil((targets * share) / 100)));
  return waves;
}

/** Those that go first stand first; otherwise the order stays. Throws InvalidInput when no target is a canary. */
export function canariesFirst<T>(
  targets: readonly T[],
  canary: FleetWaves['canary'],
  hasLabels: (target: T, labels: Record<string, string>) => boolean,
): { targets: T[]; canaries: number } {
  if (typeof canary === 'number')
    return { targets: [...targets], canaries: Math.min(canary, targets.length) };
  const first = targets.filter((target) => hasLabels(target, canary.labels));
  if (first.length === 0) {
    throw new InvalidInput('No target is a canary', {
      problems: [{ pointer: '/body/waves/canary/labels', detail: 'No target of the fleet has these labels' }],
      action: 'Choose labels that some target has, or say how many canaries there are.',
    });
  }
  const chosen = new Set(first);
  return {
    targets: [...first, ...targets.filter((target) => !chosen.has(target))],
    canaries: first.length,
  };
}
