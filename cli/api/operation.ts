import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { OperationPage, OperationView } from '#apis/graphs/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';
import { textOf } from './register.ts';

const Kept = z.strictObject({ operations: z.array(OperationView) });

function count(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of requests.');
}

/** `theseus api operation register shop web profile.graphql --requests 1200`. */
export const apiOperationRegister = (): Command =>
  new Command('register')
    .description('Register operations of a client: what they ask for counts as used for 30 days')
    .argument('<api>')
    .argument('<client>')
    .argument('<files...>', 'documents of GraphQL, one operation each, at most 50')
    .option('--requests <number>', 'that each had in the last 30 days', count, 0)
    .option('--json', 'print JSON')
    .action(
      async (
        api: string,
        client: string,
        files: string[],
        { requests, json }: { requests: number; json?: boolean },
        command: Command,
      ) => {
        const documents = await Promise.all(files.map(textOf));
        const kept = await call(await platformOf(command), {
          method: 'PUT',
          path: apiPath(api, 'operations'),
          body: { client, operations: documents.map((document) => ({ document, requests })) },
          answer: Kept,
        });
        if (json) return printJson(kept);
        for (const { id, name } of kept.operations) print(`${id} ${name} of ${client}`);
      },
    );

/** `theseus api operation list shop`. */
export const apiOperationList = (): Command =>
  new Command('list')
    .description('Operations of a GraphQL API that are known')
    .argument('<api>')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (api: string, { limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'operations'),
        query: { limit, cursor },
        answer: OperationPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.id,
        one.name,
        one.client,
        String(one.requests),
        one.lastSeen,
      ]);
      for (const line of table([['ID', 'OPERATION', 'CLIENT', 'REQUESTS', 'LAST SEEN'], ...rows]))
        print(line);
      printMore(page);
    });

/** `theseus api operation remove shop <id>`. */
export const apiOperationRemove = (): Command =>
  new Command('remove')
    .description('Forget an operation that its client sends no more')
    .argument('<api>')
    .argument('<id>')
    .action(async (api: string, id: string, _options: object, command: Command) => {
      await call(await platformOf(command), {
        method: 'DELETE',
        path: apiPath(api, 'operations', id),
        answer: z.undefined(),
      });
      print(`${id} is forgotten.`);
    });
