import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationUpdate, type UpdateStatus } from '#configuration/updates/schemas.ts';
import type { Ask } from '../client.ts';
import { exitCode } from '../failure.ts';
import { cutTo, print, printJson } from '../output.ts';
import { updateLines } from './update-text.ts';

/** Nothing more happens by itself in these. */
const resting = new Set<UpdateStatus>([
  'waiting_for_approval',
  'completed',
  'rolled_back',
  'conflicted',
  'refused',
  'cancelled',
  'failed',
  'needs_attention',
]);
const good = new Set<UpdateStatus>(['waiting_for_approval', 'completed']);
const everyMs = 300;

const inWords = ({ status, phase, health, queuedBehind }: ConfigurationUpdate): string => {
  const words = status.replaceAll('_', ' ');
  if (status === 'waiting_for_approval') return words;
  if (status === 'waiting' && queuedBehind.length > 0) return `${words} behind ${queuedBehind.join(', ')}`;
  if (phase === 'health')
    return `applied; ${health.seen.filter(({ well }) => well).length} of ${health.seen.length} places well, watched until ${health.until}`;
  return phase === null ? words : `${words}: ${phase.replaceAll('_', ' ')}`;
};

/** Redrawn in place on a terminal; elsewhere a line for each change. */
function screen(): (update: ConfigurationUpdate) => void {
  let drawn = false;
  let told = '';
  return (update) => {
    const now = inWords(update);
    if (process.stdout.isTTY) {
      if (drawn) process.stdout.write('\u001b[1A\u001b[J');
      print(cutTo(`${update.id}  ${now}`, process.stdout.columns));
      drawn = true;
    } else if (now !== told) print(now);
    told = now;
  };
}

/** Follows an update until it rests, and shows how it ended. Sets the exit code to 4 when its values did not stay. */
export async function followUpdate(ask: Ask, id: string, { json }: { json?: boolean }): Promise<void> {
  const show = json ? () => {} : screen();
  for (;;) {
    const path = `/configuration/updates/${encodeURIComponent(id)}`;
    const update = await ask({ method: 'GET', path, answer: ConfigurationUpdate });
    show(update);
    if (!resting.has(update.status)) {
      await sleep(everyMs);
      continue;
    }
    if (json) printJson(update);
    else for (const line of updateLines(update)) print(line);
    if (!good.has(update.status)) process.exitCode = exitCode.failed;
    return;
  }
}
