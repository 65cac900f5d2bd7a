import { Command } from 'commander';
import { z } from 'zod';
import { EnvironmentPage, EnvironmentView, type PublicationView } from '#flags/schemas.ts';
import { call } from '../client.ts';
import { Failure } from '../failure.ts';
import { colours, counted, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { type Platform, platformOf } from '../platform.ts';
import { flagPath } from './path.ts';

interface SetOptions {
  strategy?: string;
  alarm?: string[];
  description?: string;
  remediate?: boolean;
  json?: boolean;
}

const ownStrategies = ['immediate', 'linear', 'exponential'];

/** What is set now, as PUT takes it; nothing when there is no such environment. */
async function formerOf(platform: Platform, environment: string): Promise<object> {
  try {
    const { description, strategy, alarms, remediate } = await call(platform, {
      method: 'GET',
      path: flagPath(environment),
      answer: EnvironmentView,
    });
    return { description, strategy, alarms, remediate };
  } catch (error) {
    const isMissing =
      error instanceof Failure && z.looseObject({ status: z.literal(404) }).safeParse(error.problem).success;
    if (isMissing) return {};
    throw error;
  }
}

/** `theseus flag environment set production --strategy linear`. */
export const flagEnvironmentSet = (): Command =>
  new Command('set')
    .description('Make an environment of flags, or change what is named of it')
    .argument('<environment>')
    .option(
      '--strategy <strategy>',
      'how changes come into force: immediate, linear, exponential, or the id of a strategy of AppConfig',
    )
    .option('--alarm <arn...>', 'alarms of CloudWatch that take a change back; none: no alarm')
    .option('--description <text>')
    .option('--remediate', 'deploy over what somebody deployed by hand at AppConfig')
    .option('--no-remediate', 'show it, and leave it to people')
    .option('--json', 'print JSON')
    .action(async (environment: string, options: SetOptions, command: Command) => {
      const platform = await platformOf(command);
      const { strategy, alarm, description, remediate } = options;
      const body = {
        ...(await formerOf(platform, environment)),
        ...(strategy === undefined
          ? {}
          : { strategy: ownStrategies.includes(strategy) ? strategy : { appconfig: strategy } }),
        ...(alarm === undefined ? {} : { alarms: alarm.filter((arn) => arn !== 'none') }),
        ...(description === undefined ? {} : { description }),
        ...(remediate === undefined ? {} : { remediate }),
      };
      const set = await call(platform, {
        method: 'PUT',
        path: flagPath(environment),
        body,
        answer: EnvironmentView,
      });
      if (options.json) return printJson(set);
      print(`${set.name}: changes come into force ${strategyText(set)}`);
    });

const strategyText = ({ strategy }: Pick<EnvironmentView, 'strategy'>): string => {
  if (typeof strategy !== 'string') return `by the strategy ${strategy.appconfig} of AppConfig`;
  return strategy === 'immediate' ? 'at once' : `by the ${strategy} strategy`;
};

function publicationText({ revision, deployed, deploying, queued, rolledBack }: PublicationView): string {
  if (revision === 0) return 'nothing yet';
  const parts = [
    `revision ${revision}`,
    ...(deployed === revision ? ['in force'] : []),
    ...(deploying === null ? [] : [`${deploying.revision} reaches ${deploying.percentage} %`]),
    ...(queued ? ['waits'] : []),
    ...(rolledBack === null ? [] : [colours.red(`rolled back: ${rolledBack.why}`)]),
    ...(deployed === null || deployed === revision ? [] : [`in force is ${deployed}`]),
  ];
  return parts.join(', ');
}

/** `theseus flag environment show production`. */
export const flagEnvironmentShow = (): Command =>
  new Command('show')
    .description('An environment of flags: its settings, and how far its newest flags have come')
    .argument('<environment>')
    .option('--json', 'print JSON')
    .action(async (environment: string, { json }: { json?: boolean }, command: Command) => {
      const shown = await call(await platformOf(command), {
        method: 'GET',
        path: flagPath(environment),
        answer: EnvironmentView,
      });
      if (json) return printJson(shown);
      print(`${shown.name}: ${counted(shown.flags, 'flag')}, changes come into force ${strategyText(shown)}`);
      if (shown.description !== '') print(`  ${shown.description}`);
      for (const alarm of shown.alarms) print(`  watched by ${alarm}`);
      if (shown.remediate) print('  what somebody deploys by hand is deployed over');
      print(`  flags: ${publicationText(shown)}`);
      print(`  kill switches: ${publicationText(shown.killSwitches)}`);
      for (const { document, since } of shown.drift) {
        print(`  ${colours.yellow('drift')} ${document} is not in force as it was deployed, since ${since}`);
        print(`    npx theseus flag drift --environment ${shown.name}`);
      }
      for (const flag of shown.killed) print(`  ${colours.red('killed')} ${flag}`);
    });

/** `theseus flag environment list`. */
export const flagEnvironmentList = (): Command =>
  new Command('list')
    .description('Environments of flags, by name')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: '/flags/environments',
        query: { limit, cursor },
        answer: EnvironmentPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ name, description }) => [name, description]);
      for (const line of table([['ENVIRONMENT', 'DESCRIPTION'], ...rows])) print(line);
      printMore(page);
    });
