import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Fleet } from '#migrations/fleet/schemas.ts';
import type { RollbackStrategy } from '#migrations/plan/strategies.ts';
import { type Ask, asking } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { strategyOption } from '../migration/undo.ts';
import { print } from '../output.ts';
import { platformOf } from '../platform.ts';
import { reportFleet } from './describe.ts';

interface Options {
  hash?: string;
  consent: string[];
  comment?: string;
  breakGlass?: string;
  schema: string[];
  reason: string;
  acceptLosses?: boolean;
  strategy?: RollbackStrategy;
  watch?: boolean;
  json?: boolean;
}

const askOf = async (command: Command): Promise<Ask> => asking(await platformOf(command));
const pathOf = (id: string) => `/migration-fleets/${encodeURIComponent(id)}`;
const post = (ask: Ask, id: string, verb: string, body: object): Promise<Fleet> =>
  ask({ method: 'POST', path: `${pathOf(id)}/${verb}`, body, answer: Fleet });

const going = new Set<Fleet['status']>(['running', 'baking', 'undoing']);
const lookEveryMs = 2_000;

/** Follows a fleet until it is over or waits for a person. Its exit code is 4 when it halted or targets failed. */
async function follow(ask: Ask, first: Fleet, options: { watch?: boolean; json?: boolean }): Promise<void> {
  let fleet = first;
  let said = '';
  while (options.watch && going.has(fleet.status)) {
    const { counts } = fleet;
    const line = `${fleet.status} ${fleet.wave ?? ''}: ${counts.done} done, ${counts.failed} failed, ${counts.undone} taken back of ${fleet.total}`;
    if (line !== said && !options.json) print(line);
    said = line;
    await sleep(lookEveryMs);
    fleet = await ask({ method: 'GET', path: pathOf(fleet.id), answer: Fleet });
  }
  reportFleet(fleet, options);
  if (options.watch && (fleet.counts.failed > 0 || fleet.status === 'halted')) {
    process.exitCode = exitCode.failed;
  }
}

const action = (verb: string, description: string) => (): Command =>
  new Command(verb)
    .description(description)
    .argument('<id>')
    .option('--comment <text>', 'why')
    .option('--watch', 'follow it until it is over or waits for a person')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const ask = await askOf(command);
      const body = options.comment === undefined ? {} : { comment: options.comment };
      await follow(ask, await post(ask, id, verb, body), options);
    });

const fleetStart = (): Command =>
  new Command('start')
    .description('Begin the first wave')
    .argument('<id>')
    .option('--hash <hash>', 'refuse to start when the plan of the first target is another one')
    .option(
      '--consent <code>',
      'consent to a note of the plan; may be repeated',
      (code, all: string[]) => [...all, code],
      [],
    )
    .option('--break-glass <reason>', 'in an emergency, why: start past approvals, those of targets included')
    .option('--watch', 'follow it until it is over or waits for a person')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const ask = await askOf(command);
      const body = {
        ...(options.hash === undefined ? {} : { planHash: options.hash }),
        ...(options.breakGlass === undefined ? {} : { breakGlass: options.breakGlass }),
        consents: options.consent,
      };
      await follow(ask, await post(ask, id, 'start', body), options);
    });

const fleetApprove = (): Command =>
  new Command('approve')
    .description('Approve the plan for every target')
    .argument('<id>')
    .requiredOption('--hash <hash>', 'the hash of the plan you read')
    .option('--comment <text>', 'why')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const { hash: planHash, comment } = options;
      const body = { planHash, ...(comment === undefined ? {} : { comment }) };
      reportFleet(await post(await askOf(command), id, 'approve', body), options);
    });

const fleetExclude = (): Command =>
  new Command('exclude')
    .description('Leave targets out that are not done')
    .argument('<id>')
    .argument('<database>')
    .option(
      '--schema <name>',
      'only this schema of it; may be repeated',
      (one, all: string[]) => [...all, one],
      [],
    )
    .requiredOption('--reason <text>', 'kept in the report')
    .option('--json', 'print JSON')
    .action(async (id: string, database: string, options: Options, command: Command) => {
      const { schema, reason } = options;
      if (reason.trim() === '') throw new Failure('--reason is empty.', { code: exitCode.usage });
      const targets = schema.length === 0 ? [{ database }] : schema.map((one) => ({ database, schema: one }));
      reportFleet(await post(await askOf(command), id, 'exclude', { targets, reason }), options);
    });

const fleetUndo = (): Command =>
  new Command('undo')
    .description('Take back every target that is done')
    .argument('<id>')
    .option('--accept-losses', 'go on where rows cannot return; they are backed up')
    .addOption(strategyOption())
    .option('--comment <text>', 'why')
    .option('--watch', 'follow it until it is over')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const ask = await askOf(command);
      const { comment, strategy, acceptLosses = false } = options;
      const body = {
        acceptLosses,
        ...(strategy === undefined ? {} : { strategy }),
        ...(comment === undefined ? {} : { comment }),
      };
      await follow(ask, await post(ask, id, 'undo', body), options);
    });

export const fleetActions = {
  start: fleetStart,
  approve: fleetApprove,
  pause: action('pause', 'Stop before the next target'),
  resume: action('resume', 'Go on after a pause or a halt, or before the bake time is over'),
  redrive: action('redrive', 'Try the failed targets again'),
  exclude: fleetExclude,
  cancel: action('cancel', 'Begin no more targets; what is done stays'),
  undo: fleetUndo,
};
