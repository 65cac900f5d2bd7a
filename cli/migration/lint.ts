import { Command, Option } from 'commander';
import { severities } from '#migrations/lint/severity.ts';
import { assumedVersion, newestVersion, oldestVersion } from '#migrations/lint/versions.ts';
import type { LintAsked } from '../lint/run-lint.ts';

/**
 * `theseus migration lint <files, folders or patterns…>`: says what would block or break clients; needs no database.
 * Exit 3 when there is a finding of --fail-on or worse.
 */
export const migrationLint = (): Command =>
  new Command('lint')
    .description('Say what SQL would do to a live database; needs no platform and no database')
    .argument('<files...>', '.sql files, migration files, folders of them, or patterns in quotes')
    .addOption(
      new Option('--format <format>', 'text, json, sarif or github')
        .choices(['text', 'json', 'sarif', 'github'])
        .default('text'),
    )
    .option('--json', 'the same as --format json')
    .addOption(
      new Option('--severity <least>', 'leave out findings below error, warning or info')
        .choices([...severities])
        .default('warning'),
    )
    .addOption(
      new Option('--fail-on <least>', 'exit with 3 when a finding is an error, a warning, or an info')
        .choices([...severities])
        .default('error'),
    )
    .option(
      '--postgres-version <version>',
      `${oldestVersion}–${newestVersion} (default: the database's with --database, else ${assumedVersion})`,
    )
    .option('--database <url>', 'read sizes and types of the tables there, postgresql://…; changes nothing')
    .option('--schema <name>', 'what names without a schema mean (default: public)')
    .option('--in-transaction', 'the tool that runs the files opens a transaction around each')
    .option('--no-in-transaction', 'it opens none (default: by the tool that the folder belongs to)')
    .action(async (names: string[], options: LintAsked) => {
      // The parser takes longer to load than all other verbs together.
      const { lintFiles } = await import('../lint/run-lint.ts');
      await lintFiles(names, options);
    });
