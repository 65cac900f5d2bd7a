import { clock } from '#platform/clock.ts';
import type { FleetRecord } from './records.ts';
import type { FleetChange } from './store.ts';

/** Why a wave with this many failed targets halts the fleet; null when it does not. */
export function haltReason(
  fleet: Pick<FleetRecord, 'halt' | 'waves' | 'overruled'>,
  wave: number,
  failed: number,
): string | null {
  const stretch = fleet.waves[wave];
  if (stretch === undefined || failed <= (fleet.overruled[wave] ?? 0)) return null;
  const targets = stretch.to - stretch.from;
  const said = `${failed} of ${targets} targets of wave ${stretch.name} failed`;
  if (stretch.name === 'canary') {
    return failed >= fleet.halt.canaryFailures
      ? `${said}; ${fleet.halt.canaryFailures} halts the fleet`
      : null;
  }
  const { failures, percent } = fleet.halt;
  if (failures !== undefined && failed >= failures) return `${said}; ${failures} halts the fleet`;
  if (failed * 100 >= percent * targets) return `${said}; ${percent} % halts the fleet`;
  return null;
}

/** The fleet stops before its next target, until a person decides. */
export const halted = (wave: number, reason: string): FleetChange => ({
  set: { status: 'halted', halted: { wave, reason, at: clock.iso() } },
  events: [{ type: 'fleet.halted', actor: 'theseus', data: { wave, reason } }],
});
