import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { PlanWithForecast } from '#migrations/plan/forecast.ts';
import { DryRunAnswer, Migration, type PlanSummary } from '#migrations/schemas.ts';
import { ValidationLevel } from '#migrations/validation-level.ts';
import { type Ask, asking } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { describePlan } from './describe.ts';
import { type PaceOptions, paceOf, withPaceOptions } from './pace-options.ts';
import { reportMigration } from './report.ts';
import { settled } from './settled.ts';

export interface PlanOptions extends PaceOptions {
  database: string;
  schema?: string;
  soak?: string;
  undoWindow?: string;
  loginRole?: string;
  allViews?: boolean;
  backUpRows?: boolean;
  diskFree?: string;
  requireApproval?: boolean;
  validation?: ValidationLevel;
  consent: string[];
}

interface Options extends PlanOptions {
  dryRun?: boolean;
  sql?: boolean;
  json?: boolean;
}

const largestFile = 262_144;

/** A migration file's text. @throws Failure when it cannot be read or has more than 262,144 bytes. */
export async function readMigrationFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > largestFile) {
      throw new Failure(`${path} has ${size} bytes; a migration file has at most ${largestFile}.`, {
        code: exitCode.refused,
        action: 'Split it into several migrations.',
      });
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT'
        ? 'does not exist'
        : 'cannot be read';
    throw new Failure(`${path} ${reason}.`, { code: exitCode.usage });
  }
}

/** A time such as `90s` or `7d` in seconds; undefined where none was given. @throws Failure (usage). */
export const seconds = (option: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const parsed = /^(\d+)(s|m|h|d)?$/.exec(text);
  const unit = { s: 1, m: 60, h: 3_600, d: 86_400 }[parsed?.[2] ?? 's'];
  if (!parsed || unit === undefined) {
    throw new Failure(`${option} is '${text}'; expected a time such as 90s, 10m, 24h or 7d.`, {
      code: exitCode.usage,
    });
  }
  return Number(parsed[1]) * unit;
};

const sizeOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const parsed = /^(\d+(?:\.\d+)?)\s*([kMGT]?B)?$/.exec(text);
  const unit = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 }[parsed?.[2] ?? 'B'];
  if (!parsed || unit === undefined) {
    throw new Failure(`--disk-free is '${text}'; expected bytes or a size such as 800MB, 20GB.`, {
      code: exitCode.usage,
    });
  }
  return Math.round(Number(parsed[1]) * unit);
};

/** The request body of a plan. @throws Failure (usage) when a time or a size cannot be read. */
function requestOf({ file, fileName }: { file: string; fileName: string }, options: PlanOptions) {
  const soakSeconds = seconds('--soak', options.soak);
  const undoWindowSeconds = seconds('--undo-window', options.undoWindow);
  const diskFreeBytes = sizeOf(options.diskFree);
  return {
    database: options.database,
    ...(options.schema === undefined ? {} : { schema: options.schema }),
    file,
    fileName,
    options: {
      ...(soakSeconds === undefined ? {} : { soakSeconds }),
      ...(undoWindowSeconds === undefined ? {} : { undoWindowSeconds }),
      ...(options.loginRole === undefined ? {} : { loginRole: options.loginRole }),
      ...(options.allViews ? { allViews: true } : {}),
      ...(options.backUpRows ? { backUpRows: true } : {}),
      ...(diskFreeBytes === undefined ? {} : { diskFreeBytes }),
      ...(options.validation === undefined ? {} : { validationLevel: options.validation }),
      ...(options.requireApproval ? { requireApproval: true } : {}),
      ...paceOf(options),
    },
    consents: options.consent,
  };
}

/**
 * Has a migration planned and kept, ready to start. `file` is its text; times are such as `90s` or `7d`.
 * @throws Failure (refused) when no plan can be made, (usage) when a time or a size cannot be read.
 */
export async function planMigration(
  ask: Ask,
  migrationFile: { file: string; fileName: string },
  options: PlanOptions,
): Promise<{ migration: Migration; plan: PlanSummary }> {
  const created = await ask({
    method: 'POST',
    path: '/migrations',
    body: requestOf(migrationFile, options),
    answer: Migration,
  });
  const migration = await settled(ask, created, (one) => one.status !== 'planning');
  if (migration.plan === null) {
    throw new Failure(migration.failure?.message ?? 'No plan could be made.', {
      code: exitCode.refused,
      action: migration.failure?.action ?? undefined,
      problem: migration.failure,
    });
  }
  return { migration, plan: migration.plan };
}

/**
 * `theseus migration plan --database <name or url> <file>`: says what a migration would do, and changes nothing.
 * With a URL no platform is needed; with a name the plan is kept by the platform, ready to start.
 * Exit 3 when the migration cannot run as it is.
 */
export const migrationPlan = (): Command =>
  withPaceOptions(
    new Command('plan')
      .description('Say what a migration would do; changes nothing')
      .argument('<file>', "a migration file in pgroll's format, YAML or JSON")
      .requiredOption(
        '--database <name or url>',
        'a registered database, or postgresql://… without any platform',
      )
      .option('--schema <name>', "the database schema (default: the database's own, or public)")
      .option('--soak <time>', 'how long both versions are in use before the soft contract, e.g. 10m')
      .option('--undo-window <time>', 'how long undo stays possible after completion, e.g. 7d')
      .option('--login-role <role>', 'make a login role of the new version with the rights of this role')
      .option('--all-views', 'views of every table, for clients whose search_path is the version alone')
      .option('--back-up-rows', 'back up every row of the tables in change first, for a way back to_backup')
      .option(
        '--disk-free <size>',
        "what is free on the database's disk, e.g. 20GB: less than needed is refused",
      )
      .addOption(
        new Option('--validation <level>', 'how rows are verified (default: full)').choices(
          ValidationLevel.options,
        ),
      )
      .option('--require-approval', 'ask for approval even where nothing demands it')
      .option(
        '--consent <code>',
        'consent to a note of the plan; may be repeated',
        (code, all: string[]) => [...all, code],
        [],
      ),
  )
    .option('--dry-run', 'keep nothing: only say what it would do')
    .option('--sql', 'show every statement')
    .option('--json', 'print JSON')
    .action(async (path: string, options: Options, command: Command) => {
      const file = await readMigrationFile(path);
      const fileName = basename(path);
      if (/^postgres(ql)?:\/\//.test(options.database)) {
        const { planWithoutPlatform } = await import('./offline.ts');
        const { plan, hash, findings, forecast } = await planWithoutPlatform(
          options.database,
          options.schema ?? 'public',
          file,
          fileName,
          {
            login: options.loginRole,
            allViews: options.allViews,
            backUpRows: options.backUpRows,
            diskFreeBytes: sizeOf(options.diskFree),
            validationLevel: options.validation,
            pace: paceOf(options),
          },
        );
        if (options.json) printJson({ plan, hash, findings, forecast });
        else
          for (const line of describePlan(plan, forecast, { sql: options.sql ?? false, findings }))
            print(line);
        if (findings.length > 0) process.exitCode = exitCode.refused;
        return;
      }
      const platform = await platformOf(command);
      const ask = asking(platform);
      if (options.dryRun) {
        const { hash, plan, findings, forecast } = await ask({
          method: 'POST',
          path: '/migrations',
          query: { dryRun: 'true' },
          body: requestOf({ file, fileName }, options),
          answer: DryRunAnswer,
        });
        if (options.json) printJson({ plan, hash, findings, forecast });
        else
          for (const line of describePlan(plan, forecast, { sql: options.sql ?? false, findings }))
            print(line);
        if (findings.length > 0) process.exitCode = exitCode.refused;
        return;
      }
      const { migration, plan: summary } = await planMigration(ask, { file, fileName }, options);
      const { findings } = summary;
      if (findings.length > 0) process.exitCode = exitCode.refused;
      const { forecast, ...plan } = await ask({
        method: 'GET',
        path: `/migrations/${migration.id}/plan`,
        answer: PlanWithForecast,
      });
      if (options.json) return printJson({ ...migration, forecast });
      for (const line of describePlan(plan, forecast, { sql: options.sql ?? false, findings })) print(line);
      print();
      reportMigration(migration, options);
    });
