import { basename } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { Fleet } from '#migrations/fleet/schemas.ts';
import { call } from '../client.ts';
import { labelOf } from '../database/labels.ts';
import { exitCode, Failure } from '../failure.ts';
import { readMigrationFile, seconds } from '../migration/plan.ts';
import { print } from '../output.ts';
import { platformOf } from '../platform.ts';
import { reportFleet } from './describe.ts';

interface Options {
  database: string[];
  label: Record<string, string>;
  schemas?: string;
  schema: string[];
  excludeSchema: string[];
  excludeLabel: Record<string, string>;
  excludeReason?: string;
  canary?: number;
  canaryLabel: Record<string, string>;
  waves?: number[];
  parallel?: number;
  bake?: string;
  haltFailures?: number;
  haltPercent?: number;
  largeRows?: number;
  undoWindow?: string;
  backUpRows?: boolean;
  consent: string[];
  json?: boolean;
}

const again = (one: string, all: string[]): string[] => [...all, one];

function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('expected a number of 0 or more');
  }
  return value;
}

const numbersOf = (text: string): number[] => text.split(',').map(numberOf);

/** A field of the body only where the option was given: what is absent has the platform's own default. */
const given = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value });
const labelled = (name: string, labels: Record<string, string>): object =>
  Object.keys(labels).length === 0 ? {} : { [name]: labels };

function exclusions(options: Options): object[] {
  const reason = options.excludeReason ?? 'left out when the fleet was planned';
  return [
    ...options.excludeSchema.map((schema) => ({ schema, reason })),
    ...Object.entries(options.excludeLabel).map(([name, value]) => ({ labels: { [name]: value }, reason })),
  ];
}

function bodyOf(file: string, fileName: string, options: Options): object {
  const schemas = options.schema.length > 0 ? options.schema : options.schemas;
  const canary =
    Object.keys(options.canaryLabel).length > 0 ? { labels: options.canaryLabel } : options.canary;
  return {
    file,
    fileName,
    targets: {
      ...(options.database.length === 0 ? {} : { databases: options.database }),
      ...labelled('labels', options.label),
      ...given('schemas', schemas),
      exclude: exclusions(options),
    },
    waves: { ...given('canary', canary), ...given('percent', options.waves) },
    halt: { ...given('failures', options.haltFailures), ...given('percent', options.haltPercent) },
    ...given('concurrency', options.parallel),
    ...given('bakeSeconds', seconds('--bake', options.bake)),
    ...given('largeRows', options.largeRows),
    options: {
      ...given('undoWindowSeconds', seconds('--undo-window', options.undoWindow)),
      ...given('backUpRows', options.backUpRows),
    },
    consents: options.consent,
  };
}

/** `theseus migration fleet plan --database shop --schemas 'tenant\_%' <file>`: resolves the targets, changes nothing. */
export const fleetPlan = (): Command =>
  new Command('plan')
    .description('Choose the targets of one migration and plan the first; changes nothing')
    .argument('<file>', "a migration file in pgroll's format, YAML or JSON")
    .option('--database <name>', 'a registered database; may be repeated', again, [])
    .option('--label <name=value>', 'databases with this label; may be repeated', labelOf, {})
    .option('--schemas <pattern>', "schemas by a LIKE pattern, e.g. 'tenant\\_%'")
    .option('--schema <name>', 'a schema; may be repeated', again, [])
    .option('--exclude-schema <name>', 'leave this schema out; may be repeated', again, [])
    .option(
      '--exclude-label <name=value>',
      'leave databases with this label out; may be repeated',
      labelOf,
      {},
    )
    .option('--exclude-reason <text>', 'why they are left out')
    .option('--canary <n>', 'targets that go first (default: 1)', numberOf)
    .option('--canary-label <name=value>', 'databases that go first; may be repeated', labelOf, {})
    .option('--waves <percents>', 'share of targets done after each wave (default: 1,10,100)', numbersOf)
    .option('--parallel <n>', 'batches of targets at the same time (default: 2)', numberOf)
    .option('--bake <time>', 'how long each wave is watched before the next, e.g. 10m')
    .option('--halt-failures <n>', 'failed targets of a wave that halt the fleet', numberOf)
    .option('--halt-percent <n>', 'the same as a share of the wave, % (default: 5)', numberOf)
    .option('--large-rows <n>', 'targets with more rows get an execution of their own', numberOf)
    .option('--undo-window <time>', 'how long undo stays possible after completion, e.g. 7d')
    .option('--back-up-rows', 'back up every row of the tables in change first, for a way back to_backup')
    .option('--consent <code>', 'consent to a note of the plan; may be repeated', again, [])
    .option('--json', 'print JSON')
    .action(async (path: string, options: Options, command: Command) => {
      if (options.database.length === 0 && Object.keys(options.label).length === 0) {
        throw new Failure('Expected --database or --label.', {
          code: exitCode.usage,
          action:
            "For example: npx theseus migration fleet plan --database shop --schemas 'tenant\\_%' <file>",
        });
      }
      const body = bodyOf(await readMigrationFile(path), basename(path), options);
      const platform = await platformOf(command);
      const fleet = await call(platform, { method: 'POST', path: '/migration-fleets', body, answer: Fleet });
      reportFleet(fleet, options);
      if (options.json) return;
      const { sample } = fleet;
      print(`The first target, ${sample.database}/${sample.schema}:`);
      for (const { summary, undo } of sample.plan.operations) print(`  ${summary} (undo: ${undo})`);
      for (const { code, severity, text } of sample.plan.notes) print(`  ${severity} ${code}: ${text}`);
    });
