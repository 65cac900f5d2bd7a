import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode, Failure } from '../../cli/failure.ts';
import { colours, print, printJson } from '../../cli/output.ts';
import type { Curtain } from '../curtain.ts';
import { perform } from '../perform.ts';
import { startPlatform } from '../platform.ts';
import { figuresOf, type Shown } from './outcome.ts';
import { runTraffic, runVersion } from './processes.ts';
import { startScreen } from './screen.ts';
import { deploy, register, route, service, versions } from './story.ts';
import { printSummary } from './summary.ts';

export interface DemoOptions {
  /** Ends at the end instead of leaving everything up; not 0 when anything was off. */
  once: boolean;
  /** One JSON object last. */
  json: boolean;
  /** Requests a second, 20 to 1,000. */
  visitors: number;
}

/** What the visitors see before anything changes, ms. */
const beforeMs = 6_000;

/**
 * A small service under real traffic gets a good version and then a bad one, which is taken back. Sets a non-zero exit
 * code when a request was lost, a version did not have its part of the traffic, or the bad one stayed. Leaves no process
 * behind.
 */
export async function runDeploymentDemo(options: DemoOptions): Promise<void> {
  const { visitors } = options;
  if (!Number.isInteger(visitors) || visitors < 20 || visitors > 1_000) {
    throw new Failure(`--visitors is ${visitors}; expected 20 to 1,000 requests a second.`, {
      code: exitCode.usage,
    });
  }
  await perform(options, (curtain) => play(options, curtain));
}

async function play({ once, json, visitors: rate }: DemoOptions, curtain: Curtain): Promise<void> {
  print(colours.bold('Theseus brings a new version of a service into use, and takes a bad one back.'));
  print('Starting the platform, three versions of a small service, and its visitors …');
  const directory = resolve('.theseus/demo-deployment');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const platformStarting = startPlatform(directory);
  curtain.before(async (now) => (await platformStarting.catch(() => undefined))?.stop(now));
  const starting = Object.values(versions).map((one) => runVersion(one));
  curtain.before(async () => {
    for (const one of await Promise.allSettled(starting))
      if (one.status === 'fulfilled') await one.value.stop();
  });
  const platform = await platformStarting;
  const running = await Promise.all(starting);
  const urlOf = (version: string): string => {
    const at = Object.values(versions).findIndex((one) => one.version === version);
    return running[at]?.url ?? '';
  };
  for (const { version } of Object.values(versions)) await register(platform.ask, version, urlOf(version));
  await route(platform.ask, urlOf(versions.old.version));

  const died = Promise.withResolvers<never>();
  const visitors = runTraffic({ url: `${platform.gatewayUrl}/${service}/hello`, rate }, died.reject);
  curtain.before(() => visitors.kill());
  const shown: Shown = { title: 'Before: one version', deployment: undefined, seconds: visitors.seconds };
  const screen = startScreen(shown);
  curtain.before(() => screen.stop());

  const beganAt = Date.now();
  const told = { ask: platform.ask, visitors: rate, signal: curtain.fallen };
  const story = async () => {
    await sleep(beforeMs, undefined, { signal: curtain.fallen });
    const runs = [];
    for (const version of [versions.good.version, versions.bad.version]) {
      shown.title = `Deploying ${service} ${version}`;
      shown.deployment = undefined;
      screen.say(colours.bold(`Deploying ${service} ${version}, step by step`));
      const deployment = await deploy(told, version, screen.show);
      screen.say(
        deployment.status === 'completed'
          ? colours.green(`  ${service} ${version} has all the traffic, and was no worse`)
          : colours.yellow(
              `  ${service} ${version} was taken back: ${deployment.failure?.message ?? deployment.status}`,
            ),
      );
      runs.push(deployment);
    }
    shown.deployment = undefined;
    shown.title = 'After';
    await sleep(2_000, undefined, { signal: curtain.fallen });
    return runs;
  };
  const runs = await Promise.race([story(), died.promise]);
  if (once) await visitors.stop();
  screen.stop();
  const outcome = await figuresOf({ ask: platform.ask, runs, seconds: visitors.seconds, beganAt });
  printSummary(outcome);
  if (json) printJson(outcome);
  if (outcome.problems.length > 0) process.exitCode = exitCode.failed;
  if (!once) {
    print(
      '\nThe platform and the visitors go on: npx theseus --directory .theseus/demo-deployment deployment list',
    );
    print('Ctrl-C ends all of it.');
  }
}
