import { Command } from 'commander';
import { Deployment, DeploymentPlan } from '#deployments/schemas.ts';
import { asking, call } from '../client.ts';
import { readDocument } from '../document.ts';
import { exitCode, Failure } from '../failure.ts';
import { duration, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { reportDeployment } from './describe.ts';
import { watchDeployment } from './watch.ts';

interface Options {
  service?: string;
  version?: string;
  strategy?: string;
  comment?: string;
  dryRun?: boolean;
  watch?: boolean;
  json?: boolean;
}

/** What is asked for: the file, and over it what the options say. @throws Failure when there is neither. */
async function requestOf(file: string | undefined, options: Options): Promise<object> {
  const { service, version, strategy, comment } = options;
  const found = file === undefined ? {} : await readDocument(file);
  const given = Object.entries({ service, version, strategy, comment }).filter(
    ([, value]) => value !== undefined,
  );
  if (typeof found !== 'object' || found === null || (file === undefined && given.length < 2)) {
    throw new Failure('A deployment needs a file, or --service and --version.', {
      code: exitCode.usage,
      action: 'See examples/deployments/canary.yaml.',
    });
  }
  return { ...found, ...Object.fromEntries(given) };
}

function printPlan(plan: DeploymentPlan): void {
  print(`${plan.service} ${plan.version}${plan.from === null ? '' : ` in place of ${plan.from}`}`);
  for (const { kind, percent, canaries, holdSeconds } of plan.steps)
    print(
      `  ${kind === 'first' ? `${canaries.length} canaries` : `${percent} %`} for ${duration(holdSeconds * 1_000)}`,
    );
  print(`  ${duration(plan.seconds * 1_000)} in all; ${plan.compatible ? 'compatible' : 'NOT compatible'}`);
  if (plan.queuedBehind.length > 0) print(`  waits for ${plan.queuedBehind.join(', ')}`);
}

/** `theseus deployment start [file]` */
export const deploymentStart = (): Command =>
  new Command('start')
    .description('Give a registered version of a service its traffic, step by step')
    .argument('[file]', 'YAML or JSON, with the fields of POST /deployments')
    .option('--service <name>')
    .option('--version <version>')
    .option('--strategy <name>', 'e.g. Canary10Percent5Minutes, Linear10PercentEvery1Minute, AllAtOnce')
    .option('--comment <text>', 'kept in the history')
    .option('--dry-run', 'show the steps and how long they take; nothing is stored')
    .option('--watch', 'follow it')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: Options, command: Command) => {
      const body = await requestOf(file, options);
      const platform = await platformOf(command);
      const path = '/deployments';
      if (options.dryRun) {
        const query = { dryRun: 'true' };
        const plan = await call(platform, { method: 'POST', path, query, body, answer: DeploymentPlan });
        if (options.json) printJson(plan);
        else printPlan(plan);
        return;
      }
      const deployment = await call(platform, { method: 'POST', path, body, answer: Deployment });
      if (options.watch) await watchDeployment(asking(platform), deployment.id, options);
      else reportDeployment(deployment, options);
    });
