import { readArtifact, writeArtifact } from '#platform/artifacts.ts';
import { RecordUnreadable } from '#platform/errors.ts';
import { artifactKeys } from '../artifacts.ts';
import { FleetTarget } from './records.ts';

/** Targets in one object of the list: what a page or a wave reads is a few of them. */
const perPart = 1_000;

const parts = (from: number, to: number): number[] => {
  const first = Math.floor(from / perPart);
  return Array.from({ length: Math.max(0, Math.ceil(to / perPart) - first) }, (_, at) => first + at);
};

/** Keeps the list of a fleet, as JSON lines. It is written once, before the fleet is. */
export async function writeTargetList(fleetId: string, targets: readonly FleetTarget[]): Promise<void> {
  for (const part of parts(0, targets.length)) {
    const lines = targets.slice(part * perPart, (part + 1) * perPart).map((target) => JSON.stringify(target));
    await writeArtifact(artifactKeys.fleetTargets(fleetId, part), lines.join('\n'), 'application/jsonl');
  }
}

/** The targets `from` (inclusive) to `to` of a fleet's list. Throws NotFound, RecordUnreadable. */
export async function readTargetList(fleetId: string, from: number, to: number): Promise<FleetTarget[]> {
  const found: FleetTarget[] = [];
  for (const part of parts(from, to)) {
    const key = artifactKeys.fleetTargets(fleetId, part);
    const text = await readArtifact(key);
    try {
      for (const line of text.split('\n')) found.push(FleetTarget.parse(JSON.parse(line)));
    } catch (cause) {
      throw new RecordUnreadable(`The object ${key} has an unknown form`, { evidence: { key }, cause });
    }
  }
  return found.filter(({ index }) => index >= from && index < to);
}
