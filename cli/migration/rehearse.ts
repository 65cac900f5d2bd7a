import { basename } from 'node:path';
import { Command } from 'commander';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { readMigrationFile } from './plan.ts';
import { describeRehearsal } from './rehearsed.ts';

interface Options {
  database: string;
  schema: string;
  sample: string;
  on?: string;
  json?: boolean;
}

const mostSampled = 1_000_000;

function sampleOf(text: string): number {
  const rows = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (rows >= 1 && rows <= mostSampled) return rows;
  throw new Failure(`--sample is '${text}'; expected a number of rows from 1 to ${mostSampled}.`, {
    code: exitCode.usage,
  });
}

function refuseOther(option: string, url: string): void {
  if (/^postgres(ql)?:\/\//.test(url)) return;
  throw new Failure(`${option} is '${url}'; expected postgresql://user@host:port/database.`, {
    code: exitCode.usage,
  });
}

/**
 * `theseus migration rehearse <file> --database <url>`: runs a migration on a copy, forth and back. Needs no platform, and
 * only reads the database.
 * Exit 3 when the rehearsal failed or no copy can be made, 5 when a database does not answer.
 */
export const migrationRehearse = (): Command =>
  new Command('rehearse')
    .description('Run a migration on a copy of the schema with a sample of its rows, and take it back there')
    .argument('<file>', "a migration file in pgroll's format, YAML or JSON")
    .requiredOption('--database <url>', 'postgresql://… of the database that is copied; it is only read')
    .option('--schema <name>', 'its schema', 'public')
    .option('--sample <rows>', 'rows of each table, at most', '10000')
    .option('--on <url>', 'a server where the copy is made (default: the same, which needs CREATEDB)')
    .option('--json', 'print JSON')
    .action(async (path: string, options: Options) => {
      refuseOther('--database', options.database);
      if (options.on !== undefined) refuseOther('--on', options.on);
      const sample = sampleOf(options.sample);
      const file = await readMigrationFile(path);
      const { rehearseWithoutPlatform } = await import('./offline.ts');
      const { database, schema, on } = options;
      const asked = { url: database, server: on ?? database, schema, sample };
      const report = await rehearseWithoutPlatform(file, basename(path), asked);
      if (options.json) printJson(report);
      else for (const line of describeRehearsal(report)) print(line);
      if (!report.passed) process.exitCode = exitCode.refused;
    });
