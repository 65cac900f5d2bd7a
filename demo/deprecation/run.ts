import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode } from '../../cli/failure.ts';
import { colours, print, printJson } from '../../cli/output.ts';
import type { Curtain } from '../curtain.ts';
import { perform } from '../perform.ts';
import { registerApi, registerConsumer } from './register.ts';
import { directoryName, openStage } from './stage.ts';
import { announce, enterConsumers, type Lived, live } from './story.ts';
import { outcomeOf, printSummary } from './summary.ts';

export interface DemoOptions {
  /** Ends at the end instead of leaving everything up; not 0 when anything was off. */
  once: boolean;
  /** One JSON object last. */
  json: boolean;
}

/** Requests a second of each consumer. */
const rate = 10;
/** What consumers see before anything changes, and after everything has, ms. */
const besideMs = 1_000;

/**
 * Two versions of an API are served side by side, and the older one is deprecated and goes, with the clock moved over half
 * a year. Sets a non-zero exit code when a consumer saw what it should not have. Leaves no process behind.
 */
export async function runDeprecationDemo(options: DemoOptions): Promise<void> {
  await perform(options, (curtain) => play(options, curtain));
}

async function play({ once, json }: DemoOptions, curtain: Curtain): Promise<void> {
  print(colours.bold('Theseus lets a version of an API go, over half a year in about a minute.'));
  print('Starting the platform, the service of a small shop, and its consumers …');
  const stage = await openStage(curtain, rate);
  const registered = await registerApi(stage);
  for (const consumer of ['web', 'mobile', 'partner', 'legacy', 'newcomer'])
    await registerConsumer(stage, consumer);
  const lived: Lived = { brownouts: 0 };
  await enterConsumers(stage, lived);
  await sleep(besideMs, undefined, { signal: curtain.fallen });
  const announced = await announce(stage);
  const over = await live(stage, announced, lived);
  await sleep(besideMs, undefined, { signal: curtain.fallen });
  if (once) await Promise.all([...stage.consumers.values()].map((one) => one.stop()));
  const outcome = await outcomeOf(stage, over, registered);
  printSummary(outcome);
  if (json) printJson(outcome);
  if (outcome.problems.length > 0) process.exitCode = exitCode.failed;
  if (!once) {
    print(
      `\nThe platform and the consumers go on: npx theseus --directory ${directoryName} api deprecation list shop`,
    );
    print('Ctrl-C ends all of it.');
  }
}
