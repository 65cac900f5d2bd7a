import { Command } from 'commander';
import { type Action, Deployment } from '#deployments/schemas.ts';
import { call } from '../client.ts';
import { print } from '../output.ts';
import { platformOf } from '../platform.ts';
import { reportDeployment } from './describe.ts';

const action = (verb: Action, description: string) => (): Command =>
  new Command(verb)
    .description(description)
    .argument('<id>')
    .option('--comment <text>', 'kept in the history')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { comment?: string; json?: boolean }, command: Command) => {
      const deployment = await call(await platformOf(command), {
        method: 'POST',
        path: `/deployments/${encodeURIComponent(id)}/${verb}`,
        body: options.comment === undefined ? {} : { comment: options.comment },
        answer: Deployment,
      });
      reportDeployment(deployment, options);
      if (!options.json) print(`Follow it with: npx theseus deployment watch ${id}`);
    });

export const deploymentActions = {
  approve: action('approve', 'Let a deployment begin that waits for approval'),
  pause: action('pause', 'Stay at the step it is at; it is judged all the same'),
  resume: action('resume', 'Go on where it was paused'),
  promote: action('promote', 'Go to the next step now, or end the last'),
  skipToFull: action('skip-to-full', 'Give the new version all traffic now; it is baked'),
  abort: action('abort', 'Give it up: all traffic goes back to the old version'),
  rollback: action('rollback', 'Give all traffic back, as long as the old version is kept'),
  finish: action('finish', 'Let the old version go before its time'),
};
