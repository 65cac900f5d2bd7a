import type { FleetRecord } from './records.ts';
import type { Counts, FailureGroup, Fleet, TargetView, WaveReport } from './schemas.ts';
import { addCounts, noTargets, type Sum } from './sums.ts';

/** The p-th quantile (0–1) by nearest rank; null of nothing. */
const quantile = (sorted: readonly number[], p: number): number | null =>
  sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? null;

export interface Summary {
  waves: WaveReport[];
  counts: Counts;
  failures: FailureGroup[];
  exclusions: { reason: string; targets: number }[];
}

/** What a fleet came to so far: by wave, in all, and its failures by cause. Targets without a record are pending. */
export function summarise(
  { waves, targets }: Pick<FleetRecord, 'waves' | 'targets'>,
  sum: Sum,
  leftOut: readonly { excluded?: string | undefined }[],
): Summary {
  const reports = waves.map(({ name, from, to, startedAt, endedAt }, index): WaveReport => {
    const { counts, durations } = sum.waves[index] ?? { counts: noTargets(), durations: [] };
    const sorted = durations.toSorted((a, b) => a - b);
    const seen = Object.values(counts).reduce((all, one) => all + one, 0);
    return {
      name,
      targets: to - from,
      counts: { ...counts, pending: counts.pending + (to - from - seen) },
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      startedAt: startedAt ?? null,
      endedAt: endedAt ?? null,
    };
  });
  const counts = reports.reduce((all, wave) => addCounts(all, wave.counts), noTargets());
  counts.excluded += targets - (waves.at(-1)?.to ?? 0);
  const before = sum.exclusions.flatMap(({ reason, targets: all }) => Array<string>(all).fill(reason));
  const reasons = Map.groupBy(
    [...leftOut.flatMap(({ excluded }) => (excluded === undefined ? [] : [excluded])), ...before],
    (reason) => reason,
  );
  return {
    waves: reports,
    counts,
    failures: sum.failures.toSorted((a, b) => b.targets - a.targets),
    exclusions: [...reasons].map(([reason, all]) => ({ reason, targets: all.length })),
  };
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const time = (ms: number | null): string => (ms === null ? '' : `${(ms / 1_000).toFixed(2)} s`);
const row = (cells: readonly (string | number)[]): string =>
  `| ${cells.map((one) => cell(String(one))).join(' | ')} |`;

/** The report as Markdown, for a ticket or a mail. */
export function markdownOf(fleet: Fleet): string {
  const { counts } = fleet;
  const ended = fleet.endedAt === null ? '' : `, ended ${fleet.endedAt}`;
  return [
    `# Fleet ${fleet.name} (${fleet.id})`,
    '',
    `${fleet.status}${fleet.halted === null ? '' : `: ${fleet.halted}`}. Created by ${fleet.createdBy} ${fleet.createdAt}${ended}.`,
    '',
    `${fleet.total} targets: ${counts.done} done, ${counts.failed} failed, ${counts.running} running, ${counts.pending} pending, ${counts.excluded} left out, ${counts.undone} taken back.`,
    '',
    row(['wave', 'targets', 'done', 'failed', 'left out', 'p50', 'p99', 'began', 'ended']),
    row(['---', '---:', '---:', '---:', '---:', '---:', '---:', '---', '---']),
    ...fleet.waves.map((wave) =>
      row([
        wave.name,
        wave.targets,
        wave.counts.done,
        wave.counts.failed,
        wave.counts.excluded,
        time(wave.p50Ms),
        time(wave.p99Ms),
        wave.startedAt ?? '',
        wave.endedAt ?? '',
      ]),
    ),
    ...section(
      'Failures by cause',
      ['cause', 'targets', 'first message', 'for example'],
      fleet.failures.map((one) => [one.name, one.targets, one.message, one.examples.join(', ')]),
    ),
    ...section(
      'Left out',
      ['reason', 'targets'],
      fleet.exclusions.map(({ reason, targets }) => [reason, targets]),
    ),
    '',
  ].join('\n');
}

/** The targets of a report, one a line. */
export function markdownOfTargets(targets: readonly TargetView[]): string {
  const lines = targets.map((one) => [
    `${one.database}/${one.schema}`,
    one.wave,
    one.status,
    one.attempt,
    time(one.durationMs),
    one.migration ?? '',
    one.failure === null ? (one.reason ?? '') : `${one.failure.name}: ${one.failure.message}`,
  ]);
  const head = ['target', 'wave', 'status', 'attempt', 'took', 'migration', 'why'];
  return [...section('Targets', head, lines), ''].join('\n');
}

function section(title: string, head: string[], rows: (string | number)[][]): string[] {
  if (rows.length === 0) return [];
  return ['', `## ${title}`, '', row(head), row(head.map(() => '---')), ...rows.map(row)];
}
