import { Command } from 'commander';
import { Database } from '#migrations/databases/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { labelOf } from './labels.ts';

interface Options {
  secret?: string;
  schema?: string;
  connector?: string;
  label: Record<string, string>;
  json?: boolean;
}

/** `theseus database add shop postgresql://…`: registers a database after having reached it. Exit 3 when it cannot be used. */
export const databaseAdd = (): Command =>
  new Command('add')
    .description('Register a database')
    .argument('<name>', 'lower case letters, digits and hyphens')
    .argument('[url]', 'postgresql://user:password@host:port/database; only for the platform on this machine')
    .option(
      '--secret <arn>',
      'ARN of the Secrets Manager secret with the connection string, in deployed environments',
    )
    .option('--schema <name>', 'schema of migrations that name none', 'public')
    .option('--connector <name>', 'name or id of the connector it is reached through', 'default')
    .option('--label <name=value>', 'a label, by which fleets choose; may be repeated', labelOf, {})
    .option('--json', 'print JSON')
    .action(async (name: string, url: string | undefined, options: Options, command: Command) => {
      if ((url === undefined) === (options.secret === undefined)) {
        throw new Failure('Expected either a URL or --secret.', {
          code: exitCode.usage,
          action: `On this machine: npx theseus database add ${name} postgresql://user:password@host:port/database`,
        });
      }
      const platform = await platformOf(command);
      const database = await call(platform, {
        method: 'POST',
        path: '/databases',
        body: {
          name,
          ...(url === undefined ? {} : { url }),
          ...(options.secret === undefined ? {} : { secretArn: options.secret }),
          schema: options.schema,
          connector: options.connector,
          labels: options.label,
        },
        answer: Database,
      });
      if (options.json) return printJson(database);
      const facts = database.facts;
      print(
        `${database.name} is registered${facts ? `: PostgreSQL ${facts.version}, database ${facts.database}, as ${facts.user}` : ''}.`,
      );
      print(`Next: npx theseus migration plan --database ${database.name} <file>`);
    });
