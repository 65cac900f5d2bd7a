import type { Fleet } from '#migrations/fleet/schemas.ts';
import { approvalLines, glassLines } from '../migration/report.ts';
import { asTyped, colours, count, duration, print, printJson, table } from '../output.ts';

const time = (ms: number | null): string => (ms === null ? '' : duration(ms));

/** Where a fleet stands: its waves, its failures by cause, and the commands that fit now. */
export function fleetLines(fleet: Fleet): string[] {
  const { counts } = fleet;
  return [
    `${fleet.id}  ${fleet.name}  ${colours.bold(fleet.status)}${fleet.wave === null ? '' : ` (wave ${fleet.wave})`}`,
    ...(fleet.halted === null ? [] : [colours.red(fleet.halted)]),
    ...glassLines(fleet),
    ...approvalLines({
      approval: { ...fleet.approvals, decision: 'waiting', by: null, at: null, comment: null },
    }),
    `${count(fleet.total)} targets: ${count(counts.done)} done, ${count(counts.failed)} failed, ${count(counts.running)} running, ${count(counts.pending)} pending, ${count(counts.excluded)} left out, ${count(counts.undone)} taken back`,
    ...table([
      ['WAVE', 'TARGETS', 'DONE', 'FAILED', 'P50', 'P99'],
      ...fleet.waves.map((wave) => [
        wave.name,
        count(wave.targets),
        count(wave.counts.done),
        count(wave.counts.failed),
        time(wave.p50Ms),
        time(wave.p99Ms),
      ]),
    ]),
    ...fleet.failures.flatMap((one) => [
      `${colours.red(one.name)} in ${count(one.targets)}: ${one.message}`,
      `  for example ${one.examples.join(', ')}${one.action === null ? '' : `. ${asTyped(one.action)}`}`,
    ]),
    ...fleet.next.map((next) => `  ${colours.cyan(asTyped(next.command))}  ${colours.dim(next.why)}`),
  ];
}

export function reportFleet(fleet: Fleet, { json }: { json?: boolean }): void {
  if (json) printJson(fleet);
  else for (const line of fleetLines(fleet)) print(line);
}
