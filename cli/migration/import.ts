import { Argument, Command, Option } from 'commander';
import { compareHistory } from '#migrations/import/compare.ts';
import {
  Imported,
  type ImportReport,
  type ImportTool,
  importTools,
  type OutOfOrder,
} from '#migrations/import/schemas.ts';
import { call } from '../client.ts';
import { exitCode } from '../failure.ts';
import { migrationsIn } from '../import/folder.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';

interface Options {
  database: string;
  dir?: string;
  schema?: string;
  outOfOrder: OutOfOrder;
  json?: boolean;
}

function describe({ tool, migrations, problems, warnings }: ImportReport): string[] {
  const rows = migrations.map((one) => [
    one.state.replaceAll('_', ' '),
    one.verified ? 'verified' : one.state === 'applied' ? 'not verified' : '',
    one.name,
    one.at ?? '',
  ]);
  const count = (state: string) => migrations.filter((one) => one.state === state).length;
  return [
    ...table([['STATE', 'CHECKSUM', 'MIGRATION', 'APPLIED AT'], ...rows]),
    `${count('applied')} of ${tool} applied, ${count('pending') + count('out_of_order')} pending.`,
    ...warnings.map((text) => `Warning: ${text}.`),
    ...problems.map((text) => `Refused: ${text}.`),
  ];
}

/**
 * `theseus migration import flyway --database shop --dir db/migration`: takes over what another tool has applied. With a
 * URL it only compares, without any platform. Exit 3 when the history and the files do not fit.
 */
export const migrationImport = (): Command =>
  new Command('import')
    .description('Take over what another tool has applied: compare its own table with its files')
    .addArgument(new Argument('<tool>').choices(importTools))
    .requiredOption('--database <name or url>', 'a registered database; postgresql://… only compares')
    .option('--dir <path>', "the folder of the tool's migrations (default: the history alone)")
    .option('--schema <name>', "the schema (default: the database's own, or public)")
    .addOption(
      new Option('--out-of-order <policy>', 'of pending migrations before applied ones')
        .choices(['refuse', 'warn', 'allow'])
        .default('refuse'),
    )
    .option('--json', 'print JSON')
    .action(async (tool: ImportTool, options: Options, command: Command) => {
      const { database, dir, schema, outOfOrder } = options;
      const files = dir === undefined ? null : migrationsIn(tool, dir);
      let report: ImportReport;
      let version: number | null = null;
      if (/^postgres(ql)?:\/\//.test(database)) {
        const { historyOf } = await import('./offline.ts');
        const history = await historyOf(database, tool, schema ?? 'public');
        report = compareHistory(tool, history, files, outOfOrder);
      } else {
        const platform = await platformOf(command);
        const imported = await call(platform, {
          method: 'POST',
          path: `/databases/${encodeURIComponent(database)}/imports`,
          body: { tool, files, outOfOrder, ...(schema === undefined ? {} : { schema }) },
          answer: Imported,
        });
        report = imported;
        version = imported.version;
      }
      if (report.problems.length > 0) process.exitCode = exitCode.refused;
      if (options.json) return printJson(report);
      for (const line of describe(report)) print(line);
      if (version !== null) print(`Taken over: the schema as it is now is version ${version}.`);
    });
