import { Command, Option } from 'commander';
import { layerText } from '#configuration/resolution/layers.ts';
import { SecretPage } from '#configuration/secrets/views.ts';
import { ConfigurationUpdate } from '#configuration/updates/schemas.ts';
import { asking, call } from '../client.ts';
import { numberOf } from '../number.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { followUpdate } from './follow-update.ts';
import { type LayerOptions, layerOf, pathOf, withLayer } from './options.ts';

/** `theseus config secret list`. */
export const configSecretList = (): Command =>
  new Command('list')
    .description('Secrets: how they are sealed, and which should have another value')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions, command: Command) => {
      const { limit, cursor } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf('secrets'),
        query: { limit, cursor },
        answer: SecretPage,
      });
      if (options.json) return printJson(page);
      const rows = page.items.map(({ key, version, algorithm, sealedAt, current, rotateBy, overdue }) => [
        `${key.namespace}/${key.key}`,
        layerText(key),
        String(version),
        `${algorithm}${current ? '' : ' (outdated)'}`,
        sealedAt,
        rotateBy === null ? '' : `${rotateBy.slice(0, 10)}${overdue ? ' (overdue)' : ''}`,
      ]);
      for (const line of table([['KEY', 'LAYER', 'VERSION', 'ALGORITHM', 'SEALED', 'ROTATE BY'], ...rows]))
        print(line);
      printMore(page);
    });

interface RotateOptions extends LayerOptions {
  why: string;
  characters?: number;
  alphabet?: string;
  healthSeconds?: number;
  follow: boolean;
  json?: boolean;
}

/** `theseus config secret rotate database.password --namespace shop --why …`. */
export const configSecretRotate = (): Command =>
  withLayer(
    new Command('rotate')
      .description('Give a secret a value that the platform makes and nobody sees, and follow how that goes')
      .argument('<key>'),
  )
    .requiredOption('--why <text>', 'kept in the history')
    .option('--characters <number>', '16–1,024; as the policy of the key says, else 32', numberOf)
    .addOption(
      new Option('--alphabet <alphabet>', 'of what it is made').choices([
        'alphanumeric',
        'hex',
        'base64url',
        'printable',
      ]),
    )
    .option('--health-seconds <seconds>', 'how long the services are watched', numberOf)
    .option('--no-follow', 'do not wait for its end')
    .option('--json', 'print JSON')
    .action(async (key: string, options: RotateOptions, command: Command) => {
      const { namespace, why, characters, alphabet, healthSeconds, follow, json } = options;
      const platform = await platformOf(command);
      const made = characters !== undefined || alphabet !== undefined;
      const update = await call(platform, {
        method: 'POST',
        path: pathOf('secrets', 'rotate'),
        body: {
          key: { namespace, key, ...layerOf(options) },
          why,
          ...(made ? { generate: { characters, alphabet } } : {}),
          ...(healthSeconds === undefined ? {} : { health: { forSeconds: healthSeconds } }),
        },
        answer: ConfigurationUpdate,
      });
      if (follow) await followUpdate(asking(platform), update.id, options);
      else if (json) printJson(update);
      else print(`Follow it with: npx theseus config update watch ${update.id}`);
    });
