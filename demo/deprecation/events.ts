import { colours } from '../../cli/output.ts';
import type { Stage } from './stage.ts';

type Event = Awaited<ReturnType<Stage['platform']['events']>>[number];

/** What the platform did by itself, in words; undefined for what is shown otherwise. */
function inWords({ type, data }: Event): string | undefined {
  const brownout = `Brownout ${Number(data?.index ?? 0) + 1}`;
  const said: Record<string, string> = {
    brownout_begun: `${brownout} begins`,
    brownout_stopped: `${brownout} is ended at once: ${data?.requests} requests of ${data?.consumer} were refused, more than the policy allows. Nothing goes on until a person says so`,
    brownout_held: `${brownout} is over, and hurt nobody too much`,
    consent_asked:
      'The time is over, and not everybody is ready: the version stays, and its consumers are asked',
    removed: 'All are ready: the version is removed',
    completed: 'Nobody wanted it back: the deprecation is over',
  };
  return said[type.replace('deprecation.', '')];
}

/** Prints what happened since it was asked last. */
export function eventTeller({ platform, say }: Stage): (id: string) => Promise<void> {
  let told = -1;
  return async (id) => {
    for (const event of await platform.events(id)) {
      if (event.sequence <= told) continue;
      told = event.sequence;
      const words = inWords(event);
      if (words !== undefined) say(colours.bold(words));
    }
  };
}
