import { setTimeout as sleep } from 'node:timers/promises';
import { FlagRollout, type RolloutStatus } from '#flags/rollouts/schemas.ts';
import type { Ask } from '../client.ts';
import { exitCode } from '../failure.ts';
import { cutTo, print, printJson } from '../output.ts';
import { progressText, rolloutLines, standingText } from './rollout-text.ts';

/** Something goes on by itself in these. */
const moving = new Set<RolloutStatus>(['running', 'rolling_back']);
const everyMs = 500;

/** Redrawn in place on a terminal; elsewhere a line for each change. */
function screen(): (rollout: FlagRollout) => void {
  let drawn = false;
  let told = '';
  return (rollout) => {
    const now = standingText(rollout);
    if (process.stdout.isTTY) {
      if (drawn) process.stdout.write('\u001b[1A\u001b[J');
      print(cutTo(progressText(rollout, Date.now()), process.stdout.columns));
      drawn = true;
    } else if (now !== told) print(now);
    told = now;
  };
}

/** Whether it stands as those wanted it who asked for it: a pause that a person asked for is no failure. */
const isGood = ({ status, paused }: FlagRollout): boolean =>
  status === 'completed' || (status === 'paused' && paused?.by !== 'theseus');

/** Follows a rollout until it rests, and shows how it stands then. Sets the exit code to 4 when it did not succeed. */
export async function followRollout(ask: Ask, id: string, { json }: { json?: boolean }): Promise<void> {
  const show = json ? () => {} : screen();
  for (;;) {
    const path = `/flags/rollouts/${encodeURIComponent(id)}`;
    const rollout = await ask({ method: 'GET', path, answer: FlagRollout });
    show(rollout);
    if (moving.has(rollout.status)) {
      await sleep(everyMs);
      continue;
    }
    if (json) printJson(rollout);
    else for (const line of rolloutLines(rollout)) print(line);
    if (!isGood(rollout)) process.exitCode = exitCode.failed;
    return;
  }
}
