import { Command, Option } from 'commander';
import {
  FlagRollout,
  FlagRolloutPage,
  type NewRollout,
  type RolloutAction,
  RolloutEventPage,
} from '#flags/rollouts/schemas.ts';
import { asking, call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { numberOf } from '../number.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { followRollout } from './follow-rollout.ts';
import { environmentOption } from './options.ts';
import { flagPath } from './path.ts';
import { eventText, rolloutLines, standingText, stepOf } from './rollout-text.ts';
import { readStructured } from './written-flag.ts';

interface Json {
  json?: boolean;
}
interface StartOptions extends Json {
  environment: string;
  why: string;
  file?: string;
  to?: string;
  step?: NewRollout['steps'];
  error?: string[];
  conversion?: string[];
  minUsers?: number;
  tolerance?: number;
  healthUrl?: string[];
  lookSeconds?: number;
  onFail?: string;
  follow: boolean;
}

const pathOf = (...rest: string[]): string => ['/flags/rollouts', ...rest.map(encodeURIComponent)].join('/');

const report = (rollout: FlagRollout, { json }: Json): void => {
  if (json) printJson(rollout);
  else for (const line of rolloutLines(rollout)) print(line);
};

/** @throws Failure when there are no steps. */
async function requestOf(options: StartOptions): Promise<object> {
  const { file, to, step, error, conversion, minUsers, tolerance, healthUrl, lookSeconds, onFail, why } =
    options;
  if (file === undefined && step === undefined) {
    throw new Failure('A rollout needs --step, once for each, or --file.', {
      code: exitCode.usage,
      action: 'For example: --step 10:30m --step 50:2h --step 100',
    });
  }
  const judge = Object.fromEntries(
    Object.entries({ errors: error, conversions: conversion, minUsers, tolerance }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return {
    ...(file === undefined ? {} : Object(await readStructured(file, 'a rollout'))),
    ...(step === undefined ? {} : { steps: step }),
    ...(to === undefined ? {} : { to }),
    ...(Object.keys(judge).length === 0 ? {} : { judge }),
    ...(healthUrl === undefined ? {} : { health: { urls: healthUrl } }),
    ...(lookSeconds === undefined ? {} : { lookSeconds }),
    ...(onFail === undefined ? {} : { onFail }),
    why,
  };
}

/** `theseus flag rollout start checkout --environment production --step 10:30m --step 100 --why …` */
export const flagRolloutStart = (): Command =>
  new Command('start')
    .description('Give a variant to ever more people, and follow how that goes')
    .argument('<flag>')
    .addOption(environmentOption())
    .option(
      '--step <percent:time>',
      'of how many, and for how long: 10:30m, 50:2h, 100; once for each',
      (text: string, former: NewRollout['steps'] = []) => [...former, stepOf(text)],
    )
    .option('--to <variant>', 'which variant they get (default: on)')
    .option('--error <tracks...>', 'tracks that say that something went wrong for a user')
    .option('--conversion <tracks...>', 'tracks of what as many users are to do as before')
    .option('--min-users <count>', 'of each side, before a step passes', numberOf)
    .option(
      '--tolerance <share>',
      'difference that is not worth a rollback, 0.01 is a percentage point',
      numberOf,
    )
    .option('--health-url <url...>', 'asked at every look')
    .option('--look-seconds <seconds>', 'between two looks (default: 60)', numberOf)
    .addOption(new Option('--on-fail <what>', 'go back, or wait for a person').choices(['rollback', 'pause']))
    .option('--file <file>', 'YAML or JSON, with the fields of the API')
    .requiredOption('--why <text>', 'for the history')
    .option('--no-follow', 'do not wait for its end')
    .option('--json', 'print JSON')
    .action(async (flag: string, options: StartOptions, command: Command) => {
      const platform = await platformOf(command);
      const rollout = await call(platform, {
        method: 'POST',
        path: flagPath(options.environment, 'flags', flag, 'rollouts'),
        body: await requestOf(options),
        answer: FlagRollout,
      });
      if (!options.follow) return report(rollout, options);
      if (!options.json) print(`${rollout.id} began.`);
      await followRollout(asking(platform), rollout.id, options);
    });

/** `theseus flag rollout show <id>` */
export const flagRolloutShow = (): Command =>
  new Command('show')
    .description('A rollout: how far it is, and what it was judged by')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Json, command: Command) =>
      report(
        await call(await platformOf(command), { method: 'GET', path: pathOf(id), answer: FlagRollout }),
        options,
      ),
    );

/** `theseus flag rollout watch <id>` */
export const flagRolloutWatch = (): Command =>
  new Command('watch')
    .description('Follow a rollout until it rests')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Json, command: Command) =>
      followRollout(asking(await platformOf(command)), id, options),
    );

/** `theseus flag rollout list`: one page, newest first. */
export const flagRolloutList = (): Command =>
  new Command('list')
    .description('Rollouts, newest first')
    .option('-e, --environment <environment>', 'of one environment')
    .option('--flag <flag>', 'of one flag')
    .option('--status <status>', 'in this status only, e.g. paused')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(
      async (
        { json, ...query }: PageOptions & Json & { environment?: string; flag?: string; status?: string },
        command: Command,
      ) => {
        const page = await call(await platformOf(command), {
          method: 'GET',
          path: pathOf(),
          query,
          answer: FlagRolloutPage,
        });
        if (json) return printJson(page);
        if (page.items.length === 0) return print('No rollout: npx theseus flag rollout start --help');
        const rows = page.items.map((one) => [
          one.id,
          one.flag,
          one.environment,
          standingText(one),
          one.createdBy,
          one.createdAt,
          one.why,
        ]);
        const head = ['ID', 'FLAG', 'ENVIRONMENT', 'STANDS', 'BY', 'CREATED', 'WHY'];
        for (const line of table([head, ...rows])) print(line);
        printMore(page);
      },
    );

/** `theseus flag rollout events <id>` */
export const flagRolloutEvents = (): Command =>
  new Command('events')
    .description('What happened to a rollout, oldest first')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: Json, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf(id, 'events'),
        query: { limit: 100 },
        answer: RolloutEventPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((event) => [event.at, event.type, event.actor, eventText(event)]);
      for (const line of table(rows)) print(line.trimEnd());
    });

const action = (verb: RolloutAction, description: string) => (): Command =>
  new Command(verb)
    .description(description)
    .argument('<id>')
    .requiredOption('--why <text>', 'for the history')
    .option(
      '--step <number>',
      'the step that you saw, the first is 1: refused when it is another by now',
      numberOf,
    )
    .option('--json', 'print JSON')
    .action(
      async (id: string, { json, why, step }: Json & { why: string; step?: number }, command: Command) => {
        const path = pathOf(id, verb);
        const body = { why, ...(step === undefined ? {} : { step: step - 1 }) };
        const platform = await platformOf(command);
        report(
          await call(platform, { method: 'POST', path, body, answer: FlagRollout }),
          json ? { json } : {},
        );
      },
    );

export const flagRolloutActions = {
  pause: action('pause', 'Stay at this percentage until it is resumed'),
  resume: action('resume', 'Give the step its time once more, then go on'),
  promote: action('promote', 'Take the next step now; after the last one it is done'),
  rollback: action('rollback', 'Set the flag as it was before'),
};
