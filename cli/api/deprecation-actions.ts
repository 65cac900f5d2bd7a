import { Command } from 'commander';
import { type Action, Deprecation } from '#apis/deprecations/schemas.ts';
import { call } from '../client.ts';
import { numberOf } from '../number.ts';
import { platformOf } from '../platform.ts';
import { reportDeprecation } from './deprecation-text.ts';
import { apiPath } from './path.ts';

interface Options {
  reason?: string;
  days?: number;
  json?: boolean;
}

/** Asks for an action of a deprecation, and shows where it stands then. */
async function act(
  command: Command,
  { api, id, verb }: { api: string; id: string; verb: Action },
  body: object,
  options: Options,
): Promise<void> {
  const path = apiPath(api, 'deprecations', id, verb);
  const platform = await platformOf(command);
  reportDeprecation(await call(platform, { method: 'POST', path, body, answer: Deprecation }), options);
}

const verbOf = (verb: Action, description: string): Command =>
  new Command(verb)
    .description(description)
    .argument('<api>')
    .argument('<id>')
    .option('--json', 'print JSON');

const withReason = (verb: Action, description: string) => (): Command =>
  verbOf(verb, description)
    .requiredOption('--reason <why>', 'kept in the history')
    .action((api: string, id: string, options: Options, command: Command) =>
      act(command, { api, id, verb }, { reason: options.reason }, options),
    );

const ofConsumer = (verb: Action, description: string) => (): Command =>
  verbOf(verb, description)
    .argument('<consumer>')
    .option('--reason <why>', 'kept in the history')
    .action((api: string, id: string, consumer: string, options: Options, command: Command) =>
      act(command, { api, id, verb }, { consumer, reason: options.reason ?? '' }, options),
    );

export const deprecationActions = {
  pause: withReason('pause', 'Let nothing go on, and nothing be switched off'),
  resume: withReason('resume', 'Go on; what was to come comes later by the time of the pause'),
  cancel: withReason('cancel', 'Give it up: the version is as it was before'),
  restore: withReason('restore', 'Serve a removed version again, as long as that is possible'),
  skipBrownout: withReason('skip-brownout', 'Leave the next brownout out, or end the one that lasts'),
  exempt: ofConsumer('exempt', 'Let a consumer pass in brownouts'),
  consent: ofConsumer('consent', 'Say that a consumer is ready: it has moved, or can do without'),
  extend: (): Command =>
    verbOf('extend', 'Put the removal off, as often and by as much as the policy allows')
      .requiredOption('--days <days>', 'by how many', numberOf)
      .requiredOption('--reason <why>', 'told to consumers')
      .action((api: string, id: string, options: Options, command: Command) =>
        act(command, { api, id, verb: 'extend' }, { days: options.days, reason: options.reason }, options),
      ),
};
