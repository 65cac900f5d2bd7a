import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { EvaluateAnswer, ImportResult } from '#flags/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { counted, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { namedValue } from './named-value.ts';
import { environmentOption, whyOption } from './options.ts';
import { flagPath } from './path.ts';
import { readStructured } from './written-flag.ts';

interface Options {
  environment: string;
  why?: string;
  json?: boolean;
}

/** `theseus flag import flags.json --environment production`. */
export const flagImport = (): Command =>
  new Command('import')
    .description('Take a document of flagd in place of all flags of an environment')
    .argument('<file>', 'JSON or YAML; flags that it does not have are deleted')
    .addOption(environmentOption())
    .option('--revision <revision>', 'refuse when the environment is at another by now')
    .addOption(whyOption())
    .option('--json', 'print JSON')
    .action(async (file: string, options: Options & { revision?: string }, command: Command) => {
      const { environment, why, revision, json } = options;
      const result = await call(await platformOf(command), {
        method: 'PUT',
        path: flagPath(environment, 'document'),
        body: {
          document: await readStructured(file, 'a document of flagd'),
          ...(revision === undefined ? {} : { revision: Number(revision) }),
          ...(why === undefined ? {} : { why }),
        },
        answer: ImportResult,
      });
      if (json) return printJson(result);
      const { created, changed, deleted, unchanged } = result;
      print(
        `${environment} is at revision ${result.revision}: ${created.length} created, ${changed.length} changed, ${deleted.length} deleted, ${unchanged} as before`,
      );
    });

/** `theseus flag export --environment production --output flags.json`. */
export const flagExport = (): Command =>
  new Command('export')
    .description('The newest flags of an environment as a document of flagd')
    .addOption(environmentOption())
    .option('--output <file>', 'a file instead of the terminal')
    .action(async ({ environment, output }: { environment: string; output?: string }, command: Command) => {
      const document = await call(await platformOf(command), {
        method: 'GET',
        path: flagPath(environment, 'export'),
        answer: z.looseObject({ flags: z.record(z.string(), z.unknown()) }),
      });
      const text = JSON.stringify(document, undefined, 2);
      if (output === undefined) return print(text);
      await writeFile(output, `${text}\n`);
      print(`${output}: ${counted(Object.keys(document.flags).length, 'flag')}.`);
    });

/** `plan=pro` of --context. @throws Failure (usage) */
const attributeOf = (text: string): [string, unknown] =>
  namedValue(text, '--context', 'attribute=value, such as plan=pro');

/** `theseus flag evaluate checkout --environment production --key ada --context plan=pro`. */
export const flagEvaluate = (): Command =>
  new Command('evaluate')
    .description('What the newest flags would give somebody, and why')
    .argument('<flag>')
    .addOption(environmentOption())
    .option('--key <id>', 'who: the targetingKey')
    .option('--context <attribute=value...>', 'what else is known of who asks')
    .option('--at <time>', 'as if it were then')
    .option('--json', 'print JSON')
    .action(
      async (
        flag: string,
        options: Options & { key?: string; context?: string[]; at?: string },
        command: Command,
      ) => {
        const { environment, key, context = [], at, json } = options;
        const found = await call(await platformOf(command), {
          method: 'POST',
          path: flagPath(environment, 'evaluate'),
          body: {
            flag,
            context: {
              ...Object.fromEntries(context.map(attributeOf)),
              ...(key === undefined ? {} : { targetingKey: key }),
            },
            ...(at === undefined ? {} : { at }),
          },
          answer: EvaluateAnswer,
        });
        if (json) return printJson(found);
        if (found.errorCode !== undefined) {
          throw new Failure(`${flag} cannot be evaluated: ${found.errorMessage ?? found.errorCode}`, {
            code: exitCode.refused,
          });
        }
        const value = found.value === undefined ? 'the default of the code' : JSON.stringify(found.value);
        print(`${flag}: ${found.variant ?? '–'} = ${value} (${found.reason})`);
        if (found.metadata.killed === true) print(`  killed: ${String(found.metadata.why)}`);
      },
    );
