import { NotEjectable } from '../../../errors.ts';
import type { Plan, RowBackup, Step } from '../../../plan/schemas.ts';
import { quoteIdentifier, quoteLiteral } from '../../../sql/identifiers.ts';
import type { EjectGoal } from '../../engine.ts';
import { relation } from '../keyset.ts';
import type { Ejectable } from './ejectable.ts';
import { backfillBlock, block, verificationBlock } from './rows.ts';
import { said, stepScript } from './steps.ts';

/**
 * The rest of a migration as a psql script: what is done already is left out, what is done by the time it runs is
 * passed over. It takes the fence first, so that nothing of the platform's writes beside it.
 * Throws NotEjectable when the goal cannot be reached from where the migration stands.
 */
export function ejectScript(found: Ejectable, goal: EjectGoal): string {
  assertReachable(found, goal);
  const tables = new Map(found.tables);
  const steps = (title: string, list: Step[]) =>
    section(
      title,
      list.filter(({ id }) => !found.done.has(id)).map((step) => stepScript(step, found, tables)),
    );
  const { plan } = found;
  const parts = { complete, rollback: back, undo: back, removal }[goal](found, plan, steps);
  return `${[header(found, goal), takeFence(found), ...parts, release(found)].filter((part) => part !== '').join('\n')}\n`;
}

type Steps = (title: string, list: Step[]) => string;

const begun = (found: Ejectable, steps: Step[]) => steps.some(({ id }) => found.done.has(id));
const allDone = (found: Ejectable, steps: Step[]) => steps.every(({ id }) => found.done.has(id));

function assertReachable(found: Ejectable, goal: EjectGoal): void {
  const { plan } = found;
  const refuse = (why: string, instead: string) => {
    throw new NotEjectable(`${found.name} cannot be led to ${goal}: ${why}`, {
      evidence: { migration: found.migration, phase: found.phase },
      action: instead,
    });
  };
  const completed = found.phase === 'released' && allDone(found, [...plan.publish, ...plan.contract]);
  if (begun(found, plan.removal) && goal !== 'removal')
    refuse('what only the old version used is being removed', 'Use --to removal.');
  if (begun(found, plan.rollback) && goal !== 'rollback' && goal !== 'undo')
    refuse('it is being taken back', `Use --to ${completed ? 'undo' : 'rollback'}.`);
  if (goal === 'undo' && !allDone(found, [...plan.expand, ...plan.publish]))
    refuse('it was never published', 'Use --to rollback.');
  if (goal === 'removal' && !allDone(found, [...plan.expand, ...plan.publish, ...plan.contract]))
    refuse('it is not complete', 'Use --to complete first.');
}

function complete(found: Ejectable, plan: Plan, steps: Steps): string[] {
  const published = allDone(found, plan.publish) && begun(found, plan.publish);
  return [
    steps('Expand: new columns and tables, and both forms kept in step', plan.expand),
    section(
      'Backfill: rows written before',
      published
        ? []
        : plan.backfill.map((one) => `\\echo ${said(relation(one.table))}\n${backfillBlock(one)}`),
    ),
    steps('Indexes', plan.index),
    steps('Constraints', plan.constrain),
    section(
      'Verify every row',
      plan.verify.map((one) => verificationBlock(one, published ? 'afterPublish' : 'beforePublish')),
    ),
    steps(`Publish: clients of ${plan.versionSchema} may come`, plan.publish),
    ...(plan.login === undefined ? [] : [loginAdvice(plan)]),
    ...(allDone(found, plan.contract)
      ? []
      : [
          gate(
            'contract',
            `Both versions can be used. When every client uses ${plan.versionSchema}, run this script again with -v contract=1.`,
          ),
          steps('Contract softly: what only old clients need is relaxed', plan.contract),
        ]),
  ];
}

function back(found: Ejectable, plan: Plan, steps: Steps): string[] {
  // Before publish there were no new clients, and perhaps no new columns either.
  const losses = begun(found, plan.publish) ? plan.undoLosses : [];
  return [
    keepRows('What new clients wrote and the old form cannot hold', losses, 'losses'),
    losses.length === 0 ? '' : gate('accept_losses', acceptLosses),
    steps('What the soft contract relaxed', begun(found, plan.contract) ? plan.undoContract : []),
    steps('Back to the start', plan.rollback),
  ];
}

const acceptLosses =
  'Rows in the files named above cannot return to the old form. Look at the files; then run this script again with -v accept_losses=1.';

function removal(_found: Ejectable, plan: Plan, steps: Steps): string[] {
  return [
    keepRows('Rows that removal drops', plan.removalBackups, 'removed'),
    steps('Removal: from here there is no undo', plan.removal),
  ];
}

const section = (title: string, parts: string[]): string =>
  parts.length === 0 ? '' : [`\n-- ${title}`, `\\echo ${said(`== ${title}`)}`, ...parts].join('\n');

/** Stops here, with an exit code that says so, unless the variable is set. */
function gate(variable: string, said: string): string {
  return `
\\if :{?${variable}}
\\else
${block(`BEGIN RAISE EXCEPTION USING MESSAGE = ${quoteLiteral(said)}; END`)}
\\endif`;
}

function header(found: Ejectable, goal: EjectGoal): string {
  const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ');
  return [
    `-- ${oneLine(found.name)} (${found.migration}), to ${goal}, written while it was in phase ${found.phase}, epoch ${found.epoch}.`,
    '-- Run it as the role that Theseus used, with a direct connection (no pooler):',
    `--   psql -X "$DATABASE_URL" -f this-file.sql${goal === 'complete' ? '   (and later: -v contract=1)' : ''}`,
    '-- It stops at the first error. Whenever it stopped, it may be run again: what is done is passed over.',
    '-- The platform writes nothing of this migration any more once the first statement ran.',
    '\\set ON_ERROR_STOP on',
    '\\set QUIET on',
    `SET application_name = ${quoteLiteral(`theseus:${found.migration}:eject`)};`,
    `SET search_path = pg_catalog, ${quoteIdentifier(found.schema)}, pg_temp;`,
    `SET lock_timeout = '2s';`,
    'SET statement_timeout = 0;',
    'SET row_security = off;',
    'SET client_min_messages = warning;',
    `SET standard_conforming_strings = on;`,
    ...Object.entries(found.settings).map(
      ([name, value]) => `SET ${quoteIdentifier(name)} = ${quoteLiteral(value)};`,
    ),
  ].join('\n');
}

function takeFence(found: Ejectable): string {
  const migration = quoteLiteral(found.migration);
  return section('Only this script may write', [
    'BEGIN;',
    `SET LOCAL lock_timeout = '15s';`,
    `UPDATE theseus.fence SET epoch = epoch + 1, phase = 'ejected', taken_at = now() WHERE migration = ${migration};`,
    'COMMIT;',
  ]);
}

const release = (found: Ejectable) =>
  section('Done', [
    `UPDATE theseus.fence SET phase = 'released' WHERE migration = ${quoteLiteral(found.migration)};`,
  ]);

/** Copies rows to files beside the script, before anything takes them away. */
function keepRows(title: string, backups: RowBackup[], prefix: string): string {
  return section(
    title,
    backups.map((backup) => {
      const columns = backup.columns.map(quoteIdentifier).join(', ');
      const file = `${prefix}-${backup.table.name}-${backup.id}`.replaceAll(/[^A-Za-z0-9_-]/g, '_');
      const rows = `SELECT ${columns} FROM ${relation(backup.table)} WHERE ${backup.where}`.replaceAll(
        /\s+/g,
        ' ',
      );
      return `\\echo ${said(`${relation(backup.table)} → ${file}.csv`)}\n\\copy (${rows}) TO ${said(`${file}.csv`)} WITH (FORMAT csv, HEADER)`;
    }),
  );
}

function loginAdvice(plan: Plan): string {
  const { login } = plan;
  if (login === undefined) return '';
  const name = quoteIdentifier(login.role);
  return [
    '\n-- The login role of the new version has a password that is in no script. Make it yourself:',
    `--   CREATE ROLE ${name} LOGIN IN ROLE ${quoteIdentifier(login.memberOf)};  then  \\password ${name}`,
    `--   ALTER ROLE ${name} SET search_path = ${login.searchPath.map(quoteIdentifier).join(', ')};`,
  ].join('\n');
}
