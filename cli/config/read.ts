import { Command } from 'commander';
import { layerText } from '#configuration/resolution/layers.ts';
import type { LayerName } from '#configuration/schemas.ts';
import { OpenedSecrets } from '#configuration/secrets/views.ts';
import { ExplainedView, ResolvedDocument, ValuePage } from '#configuration/values/views.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { colours, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { type LayerOptions, layerOf, namespaceOption, pathOf, withLayer } from './options.ts';
import { shown } from './value-text.ts';

const fromText = (from: ExplainedView['from']): string =>
  from === null || from === 'default' ? (from ?? 'nobody') : layerText(from);

const explained = async (key: string, options: LayerOptions, command: Command): Promise<ExplainedView> =>
  call(await platformOf(command), {
    method: 'GET',
    path: pathOf('resolved', key),
    query: { namespace: options.namespace, ...layerOf(options) },
    answer: ExplainedView,
  });

interface GetOptions extends LayerOptions {
  reveal?: boolean;
  why?: string;
  json?: boolean;
}

/** A secret with what it says, where that is asked for. */
async function revealed(
  found: ExplainedView,
  { reveal, why }: GetOptions,
  command: Command,
): Promise<ExplainedView> {
  if (!reveal || !found.secret || found.from === null || found.from === 'default') return found;
  const { items } = await call(await platformOf(command), {
    method: 'POST',
    path: pathOf('secrets', 'read'),
    body: { keys: [{ ...found.from, key: found.key }], why },
    answer: OpenedSecrets,
  });
  return { ...found, ...items.map(({ value, version }) => ({ value, version }))[0] };
}

/** `theseus config get limits.orders --namespace shop --tenant acme`: the value that holds, as JSON. Exit 3 where there is none. */
export const configGet = (): Command =>
  withLayer(
    new Command('get')
      .description('The value that holds for a reader')
      .argument('[key]', 'all of them unless one is named'),
  )
    .option('--reveal', 'what a secret says; for its readers, and audited')
    .option('--why <text>', 'why it is revealed; it stays in the audit trail')
    .option('--json', 'print JSON, with version and layer')
    .action(async (key: string | undefined, options: GetOptions, command: Command) => {
      if (key === undefined) return printAll(options, command);
      const { provenance: _, ...found } = await revealed(
        await explained(key, options, command),
        options,
        command,
      );
      if (options.json) return printJson(found);
      if (found.from === null) {
        throw new Failure(`${options.namespace}/${key} has no value for that reader.`, {
          code: exitCode.refused,
          action: `See what each layer says: theseus config explain ${key} --namespace ${options.namespace}`,
        });
      }
      if (!found.secret) print(JSON.stringify(found.value, null, 2));
      else print(options.reveal ? String(found.value) : `secret, version ${found.version}`);
    });

async function printAll(options: LayerOptions & { json?: boolean }, command: Command): Promise<void> {
  const document = await call(await platformOf(command), {
    method: 'GET',
    path: pathOf('resolved'),
    query: { namespace: options.namespace, ...layerOf(options) },
    answer: ResolvedDocument,
  });
  if (options.json) return printJson(document);
  const rows = document.items.map((item) => [item.key, shown(item), fromText(item.from)]);
  for (const line of table([['KEY', 'VALUE', 'FROM'], ...rows])) print(line);
}

/** `theseus config explain limits.orders --namespace shop --tenant acme`: what each layer says. */
export const configExplain = (): Command =>
  withLayer(
    new Command('explain').description('What each layer says of a key, and what holds').argument('<key>'),
  )
    .option('--json', 'print JSON')
    .action(async (key: string, options: LayerOptions & { json?: boolean }, command: Command) => {
      const found = await explained(key, options, command);
      if (options.json) return printJson(found);
      const same = (layer: LayerName) =>
        found.from !== null && found.from !== 'default' && layerText(found.from) === layerText(layer);
      const rows = found.provenance.map(({ layer, holds, version, ...said }) => [
        same(layer) ? colours.green('holds') : '',
        layerText(layer),
        holds === 'value' ? shown(said) : holds,
        version === undefined ? '–' : String(version),
      ]);
      if (found.from === 'default') rows.push([colours.green('holds'), 'default', shown(found), '–']);
      for (const line of table([['', 'LAYER', 'SAYS', 'VERSION'], ...rows])) print(line);
      if (found.from === null) print('Nobody says anything.');
    });

/** `theseus config list --namespace shop`: the values of a namespace in all layers. */
export const configList = (): Command =>
  new Command('list')
    .description('Values of a namespace in all layers, by key')
    .addOption(namespaceOption())
    .option('--key <key>', 'of this key only')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions & { namespace: string; key?: string }, command: Command) => {
      const { namespace, key, limit, cursor, json } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf('values'),
        query: { namespace, key, limit, cursor },
        answer: ValuePage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((item) => [
        item.key,
        layerText(item),
        shown(item),
        String(item.version),
        item.updatedAt,
        item.updatedBy,
      ]);
      for (const line of table([['KEY', 'LAYER', 'VALUE', 'VERSION', 'SINCE', 'BY'], ...rows])) print(line);
      printMore(page);
    });
