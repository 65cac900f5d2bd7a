import { Command } from 'commander';
import { Publication, PublicationPage } from '#configuration/publications/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { collect, pathOf } from './options.ts';

const stateOf = ({ deployed, deploying, refused }: Publication): string => {
  if (deploying !== null) return `deploying version ${deploying.version}`;
  if (refused !== null) return `refused: ${refused.why}`;
  return deployed === null ? 'waiting' : `deployed, version ${deployed.version}`;
};

interface PublishOptions {
  environment: string;
  namespace: string[];
  json?: boolean;
}

/** `theseus config publish checkout --environment production --namespace shop`: to AppConfig, from now on. */
export const configPublish = (): Command =>
  new Command('publish')
    .description('Publish to AppConfig what a service reads in an environment, now and whenever it changes')
    .argument('<service>')
    .requiredOption('--environment <environment>')
    .option(
      '--namespace <namespace>',
      'what it reads, several times; those it reads already unless said',
      collect,
      [],
    )
    .option('--json', 'print JSON')
    .action(async (service: string, options: PublishOptions, command: Command) => {
      const { environment, namespace, json } = options;
      const platform = await platformOf(command);
      const path = pathOf('publications', environment, service);
      const namespaces =
        namespace.length > 0
          ? namespace
          : (await call(platform, { method: 'GET', path, answer: Publication })).namespaces;
      const found = await call(platform, {
        method: 'PUT',
        path,
        body: { namespaces },
        answer: Publication,
      });
      if (json) return printJson(found);
      print(`${environment}.${service}: ${stateOf(found)}`);
    });

/** `theseus config publications`: what is published, and how far it has come. */
export const configPublications = (): Command =>
  new Command('publications')
    .description('What is published to AppConfig, and how far the newest of it has come')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf('publications'),
        query: { limit, cursor },
        answer: PublicationPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.environment,
        one.service,
        one.namespaces.join(', '),
        stateOf(one),
      ]);
      for (const line of table([['ENVIRONMENT', 'SERVICE', 'NAMESPACES', 'STATE'], ...rows])) print(line);
      printMore(page);
    });
