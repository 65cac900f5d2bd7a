import { Command, Option } from 'commander';
import { historyTools } from '#migrations/rewrite/history.ts';
import type { RewriteAsked } from '../lint/run-rewrite.ts';

/**
 * `theseus migration rewrite <file.sql>`: prints the migration file that does the same under live traffic; what a
 * person should read goes to standard error. Exit 3 when the SQL cannot be read.
 */
export const migrationRewrite = (): Command =>
  new Command('rewrite')
    .description('Turn SQL into a migration file that does the same under live traffic')
    .argument('<file>', 'a .sql file, for example one that Prisma or Drizzle generated')
    .option(
      '--output <file>',
      'write the migration file there instead of printing it; an existing file is kept',
    )
    .option('--schema <name>', 'the database schema (default: public)')
    .option('--database <url>', 'read there what the SQL does not say, postgresql://…; changes nothing')
    .addOption(
      new Option('--history <tool>', 'also note it as applied in the table of prisma or drizzle').choices([
        ...historyTools,
      ]),
    )
    .option('--json', 'print JSON: operations, notes, yaml')
    .action(async (path: string, options: RewriteAsked) => {
      // The parser takes longer to load than all other verbs together.
      const { rewriteFile } = await import('../lint/run-rewrite.ts');
      await rewriteFile(path, options);
    });
