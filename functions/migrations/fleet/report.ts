import type { FleetRecord, TargetRecord } from './records.ts';
import type { Counts, FailureGroup, Fleet, TargetStatus, WaveReport } from './schemas.ts';

const column: Record<TargetStatus, keyof Counts> = {
  pending: 'pending',
  running: 'running',
  own_execution: 'running',
  done: 'done',
  failed: 'failed',
  excluded: 'excluded',
  undone: 'undone',
  undo_failed: 'failed',
};

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
  records: readonly TargetRecord[],
  leftOut: readonly { excluded?: string | undefined }[],
): Summary {
  const reports = waves.map(({ name, from, to }): WaveReport => {
    const inside = records.filter(({ index }) => index >= from && index < to);
    const durations = inside
      .flatMap(({ status, durationMs }) => (status === 'done' && durationMs !== null ? [durationMs] : []))
      .toSorted((a, b) => a - b);
    return {
      name,
      targets: to - from,
      counts: countOf(inside, to - from),
      p50Ms: quantile(durations, 0.5),
      p99Ms: quantile(durations, 0.99),
    };
  });
  const included = waves.at(-1)?.to ?? 0;
  const counts = countOf(records, included);
  counts.excluded += targets - included;
  const reasons = Map.groupBy(
    [
      ...leftOut.flatMap(({ excluded }) => (excluded === undefined ? [] : [excluded])),
      ...records.flatMap(({ status, reason }) => (status === 'excluded' ? [reason ?? ''] : [])),
    ],
    (reason) => reason,
  );
  return {
    waves: reports,
    counts,
    failures: groupsOf(records),
    exclusions: [...reasons].map(([reason, all]) => ({ reason, targets: all.length })),
  };
}

function countOf(records: readonly TargetRecord[], targets: number): Counts {
  const counts: Counts = { pending: 0, running: 0, done: 0, failed: 0, excluded: 0, undone: 0 };
  for (const { status } of records) counts[column[status]] += 1;
  counts.pending += targets - records.length;
  return counts;
}

function groupsOf(records: readonly TargetRecord[]): FailureGroup[] {
  const failed = records.filter(({ status }) => status === 'failed' || status === 'undo_failed');
  const byName = Map.groupBy(failed, ({ failure }) => failure?.name ?? 'Unknown');
  return [...byName]
    .map(([name, all]) => ({
      name,
      targets: all.length,
      message: all[0]?.failure?.message ?? '',
      action: all[0]?.failure?.action ?? null,
      examples: all.slice(0, 5).map(({ database, schema }) => `${database}/${schema}`),
    }))
    .toSorted((a, b) => b.targets - a.targets);
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
    row(['wave', 'targets', 'done', 'failed', 'left out', 'p50', 'p99']),
    row(['---', '---:', '---:', '---:', '---:', '---:', '---:']),
    ...fleet.waves.map((wave) =>
      row([
        wave.name,
        wave.targets,
        wave.counts.done,
        wave.counts.failed,
        wave.counts.excluded,
        time(wave.p50Ms),
        time(wave.p99Ms),
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

function section(title: string, head: string[], rows: (string | number)[][]): string[] {
  if (rows.length === 0) return [];
  return ['', `## ${title}`, '', row(head), row(head.map(() => '---')), ...rows.map(row)];
}
