import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Rehearsal } from '#migrations/rehearsal/schemas.ts';
import { type Ask, asking } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { readMigrationFile } from './plan.ts';
import { describeRehearsal } from './rehearsed.ts';

interface Options {
  database?: string;
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

const longestMs = 3 * 60 * 60_000;

/** Has the platform rehearse a migration, and waits for the end. @throws Failure */
async function rehearsed(ask: Ask, id: string, body: { sample: number; on?: string }): Promise<Rehearsal> {
  const path = `/migrations/${encodeURIComponent(id)}/rehearsals`;
  let found = await ask({ method: 'POST', path, body, answer: Rehearsal });
  for (const end = Date.now() + longestMs; found.status === 'running' && Date.now() < end; ) {
    await sleep(500);
    found = await ask({ method: 'GET', path: `${path}/${found.id}`, answer: Rehearsal });
  }
  return found;
}

/**
 * `theseus migration rehearse <id>`: has the platform run a planned migration on a copy, forth and back. With a file and
 * `--database <url>` no platform is needed. The database itself is only read.
 * Exit 3 when the rehearsal failed or no copy can be made, 5 when a database does not answer.
 */
export const migrationRehearse = (): Command =>
  new Command('rehearse')
    .description('Run a migration on a copy of the schema with a sample of its rows, and take it back there')
    .argument('<id or file>', 'a planned migration, or with --database a migration file')
    .option('--database <url>', 'postgresql://… of the database that is copied, without any platform')
    .option('--schema <name>', 'its schema', 'public')
    .option('--sample <rows>', 'rows of each table, at most', '10000')
    .option(
      '--on <name or url>',
      'a database on whose server the copy is made (default: the same, which needs CREATEDB)',
    )
    .option('--json', 'print JSON')
    .action(async (what: string, options: Options, command: Command) => {
      const sample = sampleOf(options.sample);
      const { database, schema, on } = options;
      if (database === undefined) {
        const platform = await platformOf(command);
        const found = await rehearsed(asking(platform), what, {
          sample,
          ...(on === undefined ? {} : { on }),
        });
        if (options.json) printJson(found);
        else if (found.report !== null) for (const line of describeRehearsal(found.report)) print(line);
        else print(`${found.id}: ${found.failure?.message ?? found.status}. ${found.failure?.action ?? ''}`);
        if (found.status !== 'passed') process.exitCode = exitCode.refused;
        return;
      }
      refuseOther('--database', database);
      if (on !== undefined) refuseOther('--on', on);
      const file = await readMigrationFile(what);
      const { rehearseWithoutPlatform } = await import('./offline.ts');
      const asked = { url: database, server: on ?? database, schema, sample };
      const report = await rehearseWithoutPlatform(file, basename(what), asked);
      if (options.json) printJson(report);
      else for (const line of describeRehearsal(report)) print(line);
      if (!report.passed) process.exitCode = exitCode.refused;
    });
