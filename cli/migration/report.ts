import type { Migration } from '#migrations/schemas.ts';
import { asTyped, bytes, colours, count, print, printJson } from '../output.ts';

/** One line of where a migration stands, and the commands that fit now. */
export function reportMigration(migration: Migration, { json }: { json?: boolean }): void {
  if (json) {
    printJson(migration);
    return;
  }
  print(
    `${migration.id}  ${migration.name}  ${colours.bold(migration.status)}${migration.phase ? ` (${migration.phase})` : ''}`,
  );
  for (const line of [...glassLines(migration), ...approvalLines(migration)]) print(line);
  for (const line of wayBackLines(migration)) print(line);
  if (migration.status === 'waiting_for_decision')
    for (const line of cannotReturnLines(migration)) print(line);
  for (const line of moveLines(migration)) print(line);
  printNext(migration);
}

/** Who went past approvals and windows, and why. */
export const glassLines = ({ breakGlass }: Pick<Migration, 'breakGlass'>): string[] =>
  breakGlass.map(
    ({ by, at, reason, action }) => `  ${colours.red('broken glass')} ${action} by ${by} at ${at}: ${reason}`,
  );

/** How many have approved a plan that needs more than one person, or waits, and who is missing. */
export function approvalLines({ approval }: Pick<Migration, 'approval'>): string[] {
  if (approval === null || (approval.missing === 0 && approval.given.length === 0)) return [];
  const by = approval.given.length === 0 ? '' : ` (${approval.given.map((one) => one.by).join(', ')})`;
  const missing =
    approval.missing === 0
      ? ''
      : `; ${approval.missing} missing${approval.notCounted.length === 0 ? '' : `, from others than ${approval.notCounted.join(', ')}`}`;
  return [`  approvals: ${approval.given.length} of ${approval.needed}${by}${missing}`];
}

const lagText = (lag: { keptBytes: number; behindBytes: number | null } | null, way: string): string[] =>
  lag === null
    ? []
    : [
        `${way} ${lag.behindBytes === null ? 'is not connected' : `${bytes(lag.behindBytes)} behind`}, ${bytes(lag.keptBytes)} of log kept`,
      ];

/** Of a schema that moves to another database: who serves its clients, and how far the two are apart. */
export function moveLines({ blueGreen, database, differences, status }: Migration): string[] {
  if (blueGreen === null) return [];
  const { serving, switchedAt, held, lag, givenUp, target, clientsStopped } = blueGreen;
  const lags =
    lag === null ? [] : [...lagText(lag.toGreen, target.name), ...lagText(lag.toBlue, database.name)];
  return [
    `  clients are served by ${serving === 'green' ? target.name : database.name}${switchedAt === null ? '' : `, switched at ${switchedAt}`}`,
    ...(clientsStopped ? ['  hooks hold clients, and were not told yet that they may go on'] : []),
    ...(held === null ? [] : [`  writers were held for ${Math.ceil(held.lockHoldMs)} ms at the switch`]),
    ...(['running', 'soaking'].includes(status) ? lags.map((text) => `  ${text}`) : []),
    ...(givenUp === null ? [] : [`  no way back any more: ${givenUp}`]),
    ...differences.map((text) => `  not the same: ${text}`),
  ];
}

const mostKeys = 3;

/** What keeps the old version from coming back as it was, a line for each table or constraint. */
export function cannotReturnLines(migration: Migration): string[] {
  const losses = (migration.losses ?? []).map(
    ({ rows, table: name, columns }) => `${count(rows)} rows of ${name} (${columns.join(', ')})`,
  );
  const constraints = migration.cannotReturn.map((one) => {
    const keys = one.sample.slice(0, mostKeys).map((key) => key.join('/'));
    const more = one.rows > keys.length && keys.length > 0 ? ', …' : '';
    const which = keys.length === 0 ? '' : `, key ${keys.join(', ')}${more}`;
    const decided = one.decision === 'not_valid' ? '; came back NOT VALID, for new rows only' : '';
    return `${one.constraint} of ${one.table}: ${one.reason} (${count(one.rows)} rows${which})${decided}`;
  });
  return [...losses, ...constraints].map((line) => `  cannot return: ${line}`);
}

/** How a migration is or was taken back, and where its rows went; nothing where nobody asked for it. */
export function wayBackLines({ wayBack }: Migration): string[] {
  if (wayBack === null) return [];
  const kept = wayBack.kept.map(({ table: name, into, key, rows }) => {
    const where = `${into.schema}.${into.table} (key: ${key.join(', ') || 'none'})`;
    return `  ${rows === null ? 'will keep' : `kept ${count(rows)} rows of`} ${name} in ${where}`;
  });
  const restored = wayBack.restored.map((one) => {
    if (one.overwritten === null) return `  ${toRestore(one, wayBack.overwriting)}`;
    const refused = (one.refused ?? 0) === 0 ? '' : `, ${count(one.refused ?? 0)} refused: ${one.reason}`;
    return `  restored ${one.table} from ${one.backup}: ${count(one.overwritten)} rows overwritten, ${count(one.broughtBack ?? 0)} brought back${refused}`;
  });
  return [`  ${wayBack.strategy}: ${wayBack.writtenSince}`, ...kept, ...restored];
}

type Restored = NonNullable<Migration['wayBack']>['restored'][number];

/** What to_backup is about to do to a table, as far as it was counted. */
function toRestore({ table: name, backup, rows, expected }: Restored, overwriting: string): string {
  if (overwriting === 'declined') return `leaves the rows of ${name} as they are`;
  const what = `restore ${count(rows)} rows of ${name} from ${backup}`;
  if (expected === null) return `will ${what}`;
  const about = expected.basis === 'estimated' ? 'about ' : '';
  const verb = overwriting === 'accepted' ? 'will' : 'would';
  return `${verb} ${what}: ${about}${count(expected.overwritten)} overwritten, ${about}${count(expected.broughtBack)} brought back (${expected.basis})`;
}

/** The commands that fit now, a line each. */
export const nextLines = (migration: Migration): string[] =>
  migration.next.map((next) => `  ${colours.cyan(asTyped(next.command))}  ${colours.dim(next.why)}`);

export function printNext(migration: Migration): void {
  for (const line of nextLines(migration)) print(line);
}
