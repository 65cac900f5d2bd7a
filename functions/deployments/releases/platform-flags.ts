import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { type FieldProblem, InvalidInput } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { FlagNotFlipped, TargetRefused, TargetUnavailable } from '../errors.ts';
import { askCapability } from '../targets/capability-ask.ts';
import type { ReleaseRecord } from './records.ts';
import type { FlagStanding, NewRelease } from './schemas.ts';

// Flags of the platform itself, which the capability of flags keeps. It knows a change by its id: what was done is not done
// again, and what goes back becomes what it was before that very change, unless somebody changed it since.

const answerMs = 25_000;
const attempts = 3;
const SetFlag = z.object({ version: z.int() });

const ask = (payload: object) =>
  askCapability({
    variable: 'FLAGS_SET_FLAG_FUNCTION',
    payload,
    answer: SetFlag,
    waitMs: answerMs,
  });

/**
 * Throws InvalidInput naming each flag that could not be set, and why: no such environment, flag or variant, a flag that is
 * killed or says by a definition who gets what. Throws TargetUnavailable. Changes nothing.
 */
export async function assertFlagsSettable({ flags }: Pick<NewRelease, 'flags'>): Promise<void> {
  const environment = flags?.environment;
  if (flags === undefined || environment === undefined) return;
  const problems: FieldProblem[] = [];
  for (const [at, { flag, to }] of flags.changes.entries()) {
    try {
      const asked = { environment, flag, set: to, why: 'Could it be set?', by: 'theseus', id: 'check' };
      await ask({ ...asked, dryRun: true });
    } catch (error) {
      if (!(error instanceof TargetRefused)) throw error;
      problems.push({ pointer: `/body/flags/changes/${at}`, detail: error.message });
    }
  }
  if (problems.length === 0) return;
  throw new InvalidInput(
    `Flags of the release cannot be set: ${problems.map(({ detail }) => detail).join('; ')}`.slice(0, 2_000),
    { problems, action: 'Mend the flags, or leave them out of the release.' },
  );
}

/** Sets a flag, or sets it as it was before. Throws FlagNotFlipped with the reason, TargetUnavailable. */
export async function setPlatformFlag(
  { id, request, createdBy }: Pick<ReleaseRecord, 'id' | 'request' | 'createdBy'>,
  environment: string,
  { flag, to }: Pick<FlagStanding, 'flag' | 'to'>,
  direction: 'forth' | 'back',
  signal: AbortSignal,
): Promise<void> {
  const change = (way: 'forth' | 'back') => `${id}-${way}`;
  const release = request.name === undefined ? id : `${id} (${request.name})`;
  const payload = {
    environment,
    flag,
    set: direction === 'forth' ? to : { undo: change('forth') },
    why: `Release ${release} ${direction === 'forth' ? 'moves' : 'goes back'}`,
    by: createdBy,
    id: change(direction),
  };
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      await ask(payload);
      return;
    } catch (error) {
      if (error instanceof TargetRefused) {
        throw new FlagNotFlipped(`The flag ${flag} was not set: ${error.message}`, {
          evidence: { environment, flag, direction, reported: error.evidence.reported },
          action: `See what it is by now: theseus flag show ${flag} --environment ${environment}`,
        });
      }
      if (!(error instanceof TargetUnavailable) || attempt === attempts) throw error;
    }
    await clock.sleep(jitteredBackoff(attempt, 200, 2_000), signal);
  }
}
