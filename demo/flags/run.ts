import { exitCode } from '../../cli/failure.ts';
import { colours, print, printJson } from '../../cli/output.ts';
import type { Curtain } from '../curtain.ts';
import { perform } from '../perform.ts';
import { standing } from './figures.ts';
import type { Visit } from './messages.ts';
import { outcomeOf } from './outcome.ts';
import { startScreen } from './screen.ts';
import { environment, flag, limit, limits } from './shop.ts';
import { directoryName, openStage } from './stage.ts';
import { changeBadly, changeWell, kill, type Played, rollOut } from './story.ts';
import { printSummary } from './summary.ts';

export interface DemoOptions {
  /** Ends at the end instead of leaving everything up; not 0 when anything was off. */
  once: boolean;
  /** One JSON object last. */
  json: boolean;
}

/** What the users see before anything changes, ms. */
const beforeMs = 2_000;
const where = `--namespace ${limit.namespace} --environment ${environment}`;

/**
 * A shop under traffic: a flag is rolled out by percentage, a value of its configuration is changed well and then badly, and
 * a kill switch takes the flag from everybody. Sets a non-zero exit code when its users saw something else. Leaves no
 * process behind.
 */
export async function runFlagsDemo(options: DemoOptions): Promise<void> {
  await perform(options, (curtain) => play(options, curtain));
}

async function play({ once, json }: DemoOptions, curtain: Curtain): Promise<void> {
  print(
    colours.bold(
      'Theseus changes flags and configuration of a shop, and times how long its users wait for it.',
    ),
  );
  print('Starting the platform, three instances of the shop, and its users …');
  const stage = await openStage(curtain);
  let doing = 'Before: nobody has the new checkout';
  const screen = startScreen(stage, () => doing);
  curtain.before(() => screen.stop());
  const act = (text: string, command: string): void => {
    doing = text;
    screen.say(`\n${colours.bold(text)}\n${colours.dim(`  $ npx theseus ${command}`)}`);
  };

  async function story(): Promise<Played> {
    await stage.wait(beforeMs);
    act(
      'A flag is rolled out: 10 %, 50 %, everybody',
      `flag rollout start ${flag} --environment ${environment} --step 10:5s --step 50:5s --step 100 --why 'fewer clicks'`,
    );
    let asked = 0;
    const rolledOut = await rollOut(stage, ({ percentage }) => {
      if (percentage === asked) return;
      if (asked > 0) screen.say(`  asked ${asked} %, and ${have(stage.visits)} have it`);
      asked = percentage;
      doing = `A flag is rolled out: ${percentage} %`;
    });
    screen.say(`  asked ${asked} %, and ${have(stage.visits)} have it`);
    act(
      `A value is changed well: ${limits.first} to ${limits.good} ms`,
      `config set ${limit.key} ${limits.good} ${where} --why 'give up sooner'`,
    );
    const saying = () => {
      let last = '';
      return ({ status, phase }: { status: string; phase: string | null }) => {
        const now = (phase === null || status === 'rolling_back' ? status : phase).replaceAll('_', ' ');
        if (now !== last) screen.say(`  ${now}`);
        last = now;
      };
    };
    const good = await changeWell(stage, saying());
    act(
      `A value is changed badly: ${limits.good} to ${limits.bad} ms`,
      `config set ${limit.key} ${limits.bad} ${where} --why 'seconds, or not?'`,
    );
    const bad = await changeBadly(stage, saying());
    if (bad.update.failure !== null) screen.say(colours.yellow(`  ${bad.update.failure.message}`));
    act(
      'A kill switch takes the new checkout from everybody',
      `flag kill ${flag} --environment ${environment} --why 'orders are lost'`,
    );
    const killed = await kill(stage);
    return { ...rolledOut, good, bad, kill: killed, endedAt: Date.now() };
  }

  const played = await Promise.race([story(), stage.died]);
  if (once) await stage.stopUsers();
  screen.stop();
  const outcome = outcomeOf(played, stage.visits, stage.instances.length);
  printSummary(outcome);
  if (json) printJson(outcome);
  if (outcome.problems.length > 0) process.exitCode = exitCode.failed;
  if (!once) printCommands(stage.instances[0]?.url ?? '');
}

/** How many of the users have the new checkout now. */
function have(visits: readonly Visit[]): string {
  const now = [...standing(visits, Number.POSITIVE_INFINITY).values()];
  return `${((100 * now.filter(Boolean).length) / now.length).toFixed(1)} % of ${now.length} users`;
}

/** How to go on by hand. */
function printCommands(url: string): void {
  print(colours.bold('\nThe platform, the shop and its users go on. In another terminal:'));
  for (const command of [
    `flag revive ${flag} --environment ${environment} --why 'orders arrive again'`,
    `flag history ${flag} --environment ${environment}`,
    `config explain ${limit.key} ${where}`,
    `config history ${limit.key} ${where}`,
    'config update list',
  ])
    print(`  npx theseus --directory ${directoryName} ${command}`);
  print(`  curl -i -H 'x-user: user-7' ${url}/checkout`);
  print('Ctrl-C ends all of it.');
}
