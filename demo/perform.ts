import { type Curtain, openCurtain } from './curtain.ts';
import { type Ending, listenToEnd } from './ending.ts';

/**
 * Plays a demo until it is over, or until somebody asks for its end, for which one that is not played `once` waits. Then
 * everything that was started is ended; the exit code is the signal's when the play was broken off.
 */
export async function perform(
  { once }: { once: boolean },
  play: (curtain: Curtain, ending: Ending) => Promise<void>,
): Promise<void> {
  const ending = listenToEnd();
  const curtain = openCurtain();
  let brokenOff = true;
  try {
    const asked = await Promise.race([play(curtain, ending), ending.asked]);
    brokenOff = typeof asked === 'number';
    if (!once) await ending.asked;
  } catch (error) {
    // A Ctrl-C also reaches what is being started, which then fails.
    if (!(await ending.wasAsked())) throw error;
  } finally {
    if (brokenOff && (await ending.wasAsked())) process.exitCode = await ending.asked;
    await curtain.fall(brokenOff);
    ending.ignore();
  }
}
