import type { Finding } from '#migrations/engines/engine.ts';
import type { Forecast } from '#migrations/plan/forecast.ts';
import { staysOf } from '#migrations/plan/room.ts';
import type { Plan, Step } from '#migrations/plan/schemas.ts';
import { searchPath } from '#migrations/sql/identifiers.ts';
import { bytes, colours, count, duration } from '../output.ts';

const undoWords = {
  exact: 'can be undone exactly',
  lossy: 'can be undone, with losses',
  none: 'cannot be undone',
};

const range = ({ low, high }: { low: number; high: number }): string =>
  `${duration(low)} to ${duration(high)}`;

/** What it costs, who must say yes and what a failure means, in a few lines; each step's own figures are in `--json`. */
function forecastLines({
  steps,
  durationMs,
  diskBytes,
  walBytes,
  approvals,
  waysBack,
  strategies,
}: Forecast): string[] {
  const phases = [...new Set(steps.map(({ phase }) => phase))].filter((phase) => phase !== 'removal');
  const rowPhases = phases.flatMap((phase) => {
    const own = steps.filter((step) => step.phase === phase && step.rows > 0);
    if (own.length === 0) return [];
    const low = own.reduce((sum, step) => sum + step.durationMs.low, 0);
    const high = own.reduce((sum, step) => sum + step.durationMs.high, 0);
    const how = own.every(({ basis }) => basis === 'measured')
      ? 'as measured here before'
      : 'never measured here';
    return [`  ${phase}: ${range({ low, high })}, ${how}`];
  });
  const locked = steps.filter(({ lock }) => lock.mode === 'ACCESS EXCLUSIVE' && lock.tables.length > 0);
  const longest = (pick: (step: (typeof steps)[number]) => number) => Math.max(0, ...locked.map(pick));
  const locks =
    locked.length === 0
      ? []
      : [
          `  tables locked for up to ${duration(longest(({ lock }) => lock.heldMs.high))} at a time, after up to ${duration(longest(({ lock }) => lock.waitMs?.high ?? 0))} of tries, ${locked.every(({ lock }) => lock.basis === 'measured') ? 'as measured here before' : 'not all measured here'}`,
        ];
  const risky = steps.filter(({ risk }) => risk.level !== 'low' && risk.reasons.length > 0);
  return [
    `  all phases, without soak and people: ${range(durationMs)}`,
    ...rowPhases,
    ...locks,
    `  disk ${bytes(diskBytes)}, WAL ${bytes(walBytes)}`,
    ...risky
      .slice(0, 10)
      .map(
        ({ id, risk }) => `  ${colours.yellow('!')} ${id}: ${risk.level} risk. ${risk.reasons.join('. ')}`,
      ),
    ...approvals.map(({ rule, from, why }) => `  ${colours.red('needs')} the ${from}: ${why} (${rule})`),
    ...waysBack.map(({ from, how }) => `  from ${from}: ${colours.dim(how)}`),
    ...strategies.map(
      ({ strategy, impossible, writtenSince }) =>
        `  by ${strategy}: ${colours.dim(impossible === null ? writtenSince : `not possible. ${impossible}`)}`,
    ),
  ];
}

/** What a step does to other sessions, in the field's words. */
function effect(step: Step): string {
  if (step.kind === 'transaction') {
    const names = step.locks.map((table) => table.name).join(', ');
    return names === ''
      ? 'takes no lock on your tables'
      : `ACCESS EXCLUSIVE on ${names}, catalogue only; waits at most 200 ms a try`;
  }
  if (step.kind === 'create_index')
    return `SHARE UPDATE EXCLUSIVE on ${step.table.name}; reads and writes go on`;
  if (step.kind === 'validate') return `SHARE UPDATE EXCLUSIVE on ${step.table.name}; reads and writes go on`;
  return 'concurrently; reads and writes go on';
}

function stepSql(step: Step): string[] {
  if (step.kind === 'transaction') {
    return [
      ...step.statements.map((statement) => statement.sql),
      ...step.dualWrites.map(
        (one) =>
          `-- dual write on ${one.table.name}: ${one.action === 'add' ? `start ${one.group.id}` : `end ${one.group}`}`,
      ),
    ];
  }
  if (step.kind === 'create_index') return [step.sql];
  if (step.kind === 'validate')
    return [`ALTER TABLE ${step.table.schema}.${step.table.name} VALIDATE CONSTRAINT ${step.constraint}`];
  return [`DROP INDEX CONCURRENTLY IF EXISTS ${step.schema}.${step.index}`];
}

/** A plan as a person reads it: what it is, what may go wrong, what happens in which phase, what can be taken back. */
export function describePlan(
  plan: Plan,
  forecast: Forecast,
  { sql, findings }: { sql: boolean; findings: readonly Finding[] },
): string[] {
  const lines: string[] = [];
  const heading = (text: string): void => void lines.push('', colours.bold(text));
  const phase = (name: string, what: readonly string[]): void => {
    if (what.length === 0) return;
    lines.push(`  ${colours.cyan(name)}`);
    for (const line of what) lines.push(`    ${line}`);
  };
  const steps = (list: readonly Step[]): string[] =>
    list.flatMap((step) => [
      `${step.purpose}  ${colours.dim(effect(step))}`,
      ...(sql
        ? stepSql(step).flatMap((text) => text.split('\n').map((line) => colours.dim(`  ${line}`)))
        : []),
    ]);

  const risk =
    plan.risk.level === 'low' ? colours.green : plan.risk.level === 'medium' ? colours.yellow : colours.red;
  lines.push(
    `${colours.bold(plan.name)} on schema ${plan.schema}: risk ${risk(plan.risk.level)}, ${undoWords[plan.undo]}`,
  );
  for (const reason of plan.risk.reasons) lines.push(`  ${reason}`);

  heading('Operations');
  for (const [at, operation] of plan.operations.entries()) {
    lines.push(
      `  ${at + 1}. ${operation.summary}  ${colours.dim(`${undoWords[operation.undo]}${operation.undoReason ? `: ${operation.undoReason}` : ''}`)}`,
    );
  }

  heading('Tables in change');
  for (const one of plan.tables) {
    const triggers = one.triggers.length > 0 ? `, triggers of yours: ${one.triggers.join(', ')}` : '';
    lines.push(
      `  ${one.table.schema}.${one.table.name}  about ${count(one.estimatedRows)} rows, ${bytes(one.bytes)}${triggers}`,
    );
  }

  if (plan.room !== undefined && plan.room.length > 0) {
    heading('Room on the disk, estimated');
    for (const one of plan.room) {
      const parts = [
        ['new columns', one.columns] as const,
        [one.table.schema === 'theseus' ? 'notes for the way back' : 'rows', one.rows] as const,
        ['rows written again, until vacuum', one.rowVersions] as const,
        ['new indexes', one.indexes] as const,
      ].flatMap(([what, size]) => (size === 0 ? [] : [`${what} ${bytes(size)}`]));
      lines.push(
        `  ${one.table.schema}.${one.table.name}  ${bytes(staysOf(one))}: ${parts.join(', ')}; WAL ${bytes(one.wal)}`,
      );
    }
  }

  const { data } = plan;
  if (data !== undefined) {
    heading('Rows to copy');
    lines.push(
      `  from ${data.source.name}, schema ${data.source.schema}; more than ${count(data.mostErrors)} refused records make it pause`,
    );
    for (const one of data.loads) {
      const how =
        one.transform.kind === 'sql'
          ? 'in SQL'
          : one.transform.kind === 'jsonata'
            ? 'by JSONata'
            : `by ${one.transform.path}`;
      const since =
        one.watermark === null
          ? ''
          : one.watermark.since === null
            ? ', all of them for the first time'
            : `, changed since ${one.watermark.since}`;
      lines.push(
        `  ${one.from.name} → ${one.to.name}  about ${count(one.estimatedRows)} records${since}, ${how}, by ranges of ${one.key.map(({ column }) => column).join(', ')}, key ${one.toKey.map(({ column }) => column).join(', ')}`,
      );
      if (sql && one.transform.kind === 'sql')
        lines.push(...one.transform.sql.split('\n').map((line) => colours.dim(`    ${line}`)));
    }
  }

  heading('What happens');
  for (const one of plan.blueGreen?.steps ?? []) {
    const [name = '', ...text] = one.split(': ');
    phase(name, [text.join(': ')]);
  }
  if (data !== undefined) {
    const named = (ids: readonly string[]) =>
      ids.map((id) => data.loads.find((load) => load.id === id)?.to.name ?? id);
    phase(
      'load',
      data.levels.map((level) => `${named(level).join(', ')}`),
    );
    phase(
      'relate',
      data.relations.length === 0
        ? []
        : [`columns that refer to later rows: ${named(data.relations).join(', ')}`],
    );
    phase(
      'verify',
      data.loads.map(({ to }) => `${to.name}: every row against its record; what differs is repaired`),
    );
  }
  phase('expand', steps(plan.expand));
  phase(
    'backfill',
    plan.backfill.map(
      (one) =>
        `${one.table.name}: fill ${one.set.map((set) => set.column).join(', ')} in about ${count(one.estimatedRows)} rows, by ranges of ${one.key.map((key) => key.column).join(', ')}`,
    ),
  );
  phase('index', steps(plan.index));
  phase('constrain', steps(plan.constrain));
  phase(
    'verify',
    plan.verify.map((one) => `${one.table.name}: every row, about ${count(one.estimatedRows)}`),
  );
  if (data === undefined && plan.blueGreen === undefined)
    phase('publish', [
      ...steps(plan.publish),
      `new clients set search_path = ${searchPath(plan.versionSchema, plan.schema)}`,
      ...(plan.login === undefined
        ? []
        : [`or log in as ${plan.login.role}, which has this path and the rights of ${plan.login.memberOf}`]),
    ]);
  phase('contract', steps(plan.contract));
  phase('removal, at the end of the undo window', [
    ...plan.removalBackups.map((one) => `back up ${one.columns.join(', ')} of ${one.table.name} first`),
    ...steps(plan.removal),
  ]);
  if (sql) phase('rollback', steps([...plan.undoContract, ...plan.rollback]));

  if (plan.blueGreen === undefined) {
    heading('Forecast');
    lines.push(...forecastLines(forecast));
  }

  if (plan.notes.length > 0) heading('Notes');
  for (const note of plan.notes) {
    const mark =
      note.severity === 'info'
        ? colours.dim('i')
        : note.severity === 'warning'
          ? colours.yellow('!')
          : colours.red('consent');
    lines.push(
      `  ${mark} ${note.text}${note.severity === 'consent' ? `  ${colours.cyan(`--consent ${note.code}`)}` : ''}`,
    );
  }

  if (findings.length > 0) heading('This cannot run yet');
  for (const finding of findings)
    lines.push(`  ${colours.red('✗')} ${finding.problem}`, `    ${finding.action}`);
  return lines;
}
