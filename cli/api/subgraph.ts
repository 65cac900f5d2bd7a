import { Command, Option } from 'commander';
import { Publication, type Strategy } from '#apis/graphs/schemas.ts';
import { call } from '../client.ts';
import { exitCode } from '../failure.ts';
import { colours, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { printComparison } from './compare.ts';
import { apiPath } from './path.ts';
import { textOf } from './register.ts';

interface Options {
  url?: string;
  strategy?: Strategy;
  reason?: string;
  force?: boolean;
  apiVersion?: string;
  json?: boolean;
}

const strategyOption = () =>
  new Option('--strategy <strategy>', 'what it may change').choices(['additive', 'deprecation', 'breaking']);

const withOptions = (command: Command): Command =>
  command
    .addOption(strategyOption())
    .option('--reason <text>', 'why; needed for the strategy breaking')
    .option('--force', 'breaking, though it is used or nobody knows; recorded with the reason')
    .option('--api-version <version>', 'of the API; unless said the lowest that the changes demand')
    .option('--json', 'print JSON');

function printPublication({
  api,
  subgraph,
  version,
  comparison,
  broken,
  refused,
  published,
}: Publication): void {
  if (comparison !== null) printComparison(comparison);
  if (broken.length > 0) print(colours.red('Operations that would go on no more:'));
  for (const { operation, client, requests, error } of broken)
    print(`  ${operation} of ${client}, ${requests} requests: ${error}`);
  for (const { message } of refused) print(colours.red(`Would be refused: ${message}`));
  const seen = version === null ? 'clients see no difference' : `clients see ${api} ${version}`;
  if (published) print(`${subgraph} is published: ${seen}.`);
  else if (refused.length === 0) print(`${subgraph} could be published: ${seen}.`);
}

async function put(
  api: string,
  name: string,
  file: string,
  options: Options,
  command: Command,
  dryRun: boolean,
) {
  const { url, strategy, reason, force, apiVersion } = options;
  const publication = await call(await platformOf(command), {
    method: 'PUT',
    path: apiPath(api, 'subgraphs', name),
    query: { dryRun: dryRun ? 'true' : undefined },
    body: { sdl: await textOf(file), url, strategy, reason, force, version: apiVersion },
    answer: Publication,
  });
  if (options.json) printJson(publication);
  else printPublication(publication);
  if (publication.refused.length > 0) process.exitCode = exitCode.refused;
}

/** `theseus api subgraph publish shop users users.graphql --url https://users.internal/graphql`. */
export const apiSubgraphPublish = (): Command =>
  withOptions(
    new Command('publish')
      .description('Publish a subgraph: the supergraph becomes the next version of the API')
      .argument('<api>')
      .argument('<name>')
      .argument('<file>', 'its schema, in SDL')
      .option('--url <url>', 'where the router finds the service'),
  ).action((api: string, name: string, file: string, options: Options, command: Command) =>
    put(api, name, file, options, command, false),
  );

/** `theseus api subgraph check shop users users.graphql`. Exit 3 when it would be refused. */
export const apiSubgraphCheck = (): Command =>
  withOptions(
    new Command('check')
      .description('Say what a subgraph would change and break; nothing is stored')
      .argument('<api>')
      .argument('<name>')
      .argument('<file>', 'its schema, in SDL')
      .option('--url <url>', 'where the router finds the service'),
  ).action((api: string, name: string, file: string, options: Options, command: Command) =>
    put(api, name, file, options, command, true),
  );

/** `theseus api subgraph remove shop users --reason 'Sold'`. */
export const apiSubgraphRemove = (): Command =>
  withOptions(
    new Command('remove')
      .description('Take a subgraph out of the supergraph')
      .argument('<api>')
      .argument('<name>')
      .option('--dry-run', 'say what it would break; nothing is stored'),
  ).action(async (api: string, name: string, options: Options & { dryRun?: boolean }, command: Command) => {
    const { strategy, reason, force, apiVersion, dryRun, json } = options;
    const publication = await call(await platformOf(command), {
      method: 'DELETE',
      path: apiPath(api, 'subgraphs', name),
      query: {
        strategy,
        reason,
        force: force ? 'true' : undefined,
        version: apiVersion,
        dryRun: dryRun ? 'true' : undefined,
      },
      answer: Publication,
    });
    if (json) printJson(publication);
    else printPublication(publication);
    if (publication.refused.length > 0) process.exitCode = exitCode.refused;
  });
