import { Command } from 'commander';
import { ConfigurationUpdate } from '#configuration/updates/schemas.ts';
import { asking, call } from '../client.ts';
import { numberOf } from '../number.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { followUpdate } from './follow-update.ts';
import { type LayerOptions, layerOf, pathOf, withLayer } from './options.ts';

interface Options extends LayerOptions {
  why: string;
  follow: boolean;
  json?: boolean;
}

/** `theseus config rollback limits.orders 1 --namespace shop --why …`: an update whose value comes from history. */
export const configRollback = (): Command =>
  withLayer(
    new Command('rollback')
      .description('Make a value what it was as an earlier version, and follow how the services do')
      .argument('<key>')
      .argument('<version>', 'as `theseus config history` lists it', numberOf),
  )
    .requiredOption('--why <text>', 'kept in the history')
    .option('--no-follow', 'do not wait for its end')
    .option('--json', 'print JSON')
    .action(async (key: string, version: number, options: Options, command: Command) => {
      const { namespace, why, json } = options;
      const identity = { namespace, key, ...layerOf(options) };
      const platform = await platformOf(command);
      const update = await call(platform, {
        method: 'POST',
        path: pathOf('updates'),
        body: { changes: [{ key: identity, fromVersion: version }], why },
        answer: ConfigurationUpdate,
      });
      if (options.follow) await followUpdate(asking(platform), update.id, options);
      else if (json) printJson(update);
      else print(`Follow it with: npx theseus config update watch ${update.id}`);
    });
