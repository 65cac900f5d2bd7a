import { Command } from 'commander';
import { z } from 'zod';
import { EnvironmentView, FlagView } from '#flags/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { environmentOption, whyOption } from './options.ts';
import { flagPath } from './path.ts';
import { flagLines } from './text.ts';

interface Options {
  environment: string;
  why?: string;
  json?: boolean;
}

const because = ({ why }: Options): object => (why === undefined ? {} : { why });

/** @throws Failure (usage) */
function versionOf(text: string): number {
  const version = Number(text);
  if (Number.isInteger(version) && version > 0) return version;
  throw new Failure(`The version is '${text}'; expected a whole number from 1 on.`, { code: exitCode.usage });
}

/** `theseus flag rollback checkout 3 --environment production --why "it was better"`. */
export const flagRollback = (): Command =>
  new Command('rollback')
    .description('Take a former version of a flag, as a new version; a deleted flag comes back')
    .argument('<flag>')
    .argument('<version>')
    .addOption(environmentOption())
    .addOption(whyOption())
    .option('--json', 'print JSON')
    .action(async (key: string, version: string, options: Options, command: Command) => {
      const { environment, json } = options;
      const set = await call(await platformOf(command), {
        method: 'POST',
        path: flagPath(environment, 'flags', key, 'rollback'),
        body: { version: versionOf(version), ...because(options) },
        answer: FlagView,
      });
      if (json) return printJson(set);
      print(`${key} in ${environment} is as in version ${version}: version ${set.version}`);
      for (const line of flagLines(set)) print(`  ${line}`);
    });

/** `theseus flag delete checkout --environment production`. */
export const flagDelete = (): Command =>
  new Command('delete')
    .description('Delete a flag that no other one needs; its history stays')
    .argument('<flag>')
    .addOption(environmentOption())
    .addOption(whyOption())
    .option('--json', 'print JSON')
    .action(async (key: string, options: Options, command: Command) => {
      const { environment, why, json } = options;
      await call(await platformOf(command), {
        method: 'DELETE',
        path: flagPath(environment, 'flags', key),
        query: { why },
        answer: z.undefined(),
      });
      if (json) printJson({ deleted: key });
      else print(`${key} is deleted in ${environment}.`);
    });

/** `kill` and `revive`: both say why. */
const switched = (verb: 'kill' | 'revive', description: string, done: string): Command =>
  new Command(verb)
    .description(description)
    .argument('<flag>')
    .addOption(environmentOption())
    .requiredOption('--why <text>', 'why, for the history and for whoever evaluates it')
    .option('--json', 'print JSON')
    .action(async (key: string, options: Options, command: Command) => {
      const { environment, json } = options;
      const set = await call(await platformOf(command), {
        method: 'POST',
        path: flagPath(environment, 'flags', key, verb),
        body: because(options),
        answer: FlagView,
      });
      if (json) printJson(set);
      else print(`${key} ${done} in ${environment}.`);
    });

/** `theseus flag kill checkout --environment production --why "orders are lost"`. */
export const flagKill = (): Command =>
  switched('kill', 'Switch a flag off at once, for everybody, whatever it says', 'is off for everybody');

/** `theseus flag revive checkout --environment production --why "orders arrive again"`. */
export const flagRevive = (): Command =>
  switched('revive', 'Give a killed flag back to what its environment says', 'decides again');

function redeployText({ revision, deployed, killSwitches }: EnvironmentView): string {
  const same = deployed === revision && killSwitches.deployed === (killSwitches.revision || null);
  return same ? `revision ${revision} is in force.` : `revision ${revision} is on its way.`;
}

/** `theseus flag environment redeploy production`. */
export const flagEnvironmentRedeploy = (): Command =>
  new Command('redeploy')
    .description('Deploy the newest flags again, after they were taken back or somebody else deployed')
    .argument('<environment>')
    .addOption(whyOption())
    .option('--json', 'print JSON')
    .action(async (environment: string, options: Options, command: Command) => {
      const shown = await call(await platformOf(command), {
        method: 'POST',
        path: flagPath(environment, 'redeploy'),
        body: because(options),
        answer: EnvironmentView,
      });
      if (options.json) printJson(shown);
      else print(`${environment}: ${redeployText(shown)}`);
    });
