import { Command } from 'commander';
import { Drift } from '#migrations/registry/schemas.ts';
import { call } from '../client.ts';
import { exitCode } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { describeChangesOf } from './describe.ts';

interface Options {
  schema?: string;
  json?: boolean;
}

const options = (command: Command) =>
  command
    .argument('<name>')
    .option('--schema <name>', "the schema (default: the database's own)")
    .option('--json', 'print JSON');

async function look(verb: string, name: string, { schema }: Options, command: Command): Promise<Drift> {
  const platform = await platformOf(command);
  return call(platform, {
    method: 'POST',
    path: `/databases/${encodeURIComponent(name)}/${verb}`,
    body: schema === undefined ? {} : { schema },
    answer: Drift,
  });
}

/** `theseus database drift shop`: what differs from the last version and no migration made. Exit 3 when something does. */
export const databaseDrift = (): Command =>
  options(new Command('drift'))
    .description('Changes of the schema that no migration made; exit code 3 when there are any')
    .action(async (name: string, given: Options, command: Command) => {
      const drift = await look('drift-checks', name, given, command);
      if (drift.difference !== null) process.exitCode = exitCode.refused;
      if (given.json) return printJson(drift);
      if (drift.difference === null) return print(`${name} is as version ${drift.version} says.`);
      print(`${name} differs from version ${drift.version} since ${drift.since}:`);
      for (const line of describeChangesOf(drift.difference)) print(line);
      print();
      print(`To accept it as the next version: npx theseus database baseline ${name}`);
    });

/** `theseus database baseline shop`: the schema as it is now becomes its next version. */
export const databaseBaseline = (): Command =>
  options(new Command('baseline'))
    .description('Take the schema as it is now as its next version')
    .action(async (name: string, given: Options, command: Command) => {
      const drift = await look('baselines', name, given, command);
      if (given.json) return printJson(drift);
      print(`${name} is as version ${drift.version} says.`);
    });
