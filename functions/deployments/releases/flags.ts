import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import { exchange } from '#platform/outbound/exchange.ts';
import { signatureHeaders } from '#platform/outbound/signature.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { FlagNotFlipped } from '../errors.ts';
import { gateSecret } from '../gates/secret.ts';
import { setPlatformFlag } from './platform-flags.ts';
import type { ReleaseRecord } from './records.ts';
import type { FlagStanding } from './schemas.ts';

const flagMs = 10_000;
const attempts = 3;

/**
 * Sets a flag of a release, `forth` to what is new or `back` to what was; however often, it is done once. Throws
 * FlagNotFlipped with the reason, TargetUnavailable.
 */
export const flipFlag = (
  release: Pick<ReleaseRecord, 'id' | 'request' | 'createdBy'>,
  standing: Pick<FlagStanding, 'flag' | 'from' | 'to'>,
  direction: 'forth' | 'back',
  signal: AbortSignal,
): Promise<void> => {
  const environment = release.request.flags?.environment;
  return environment === undefined
    ? askUrl(release, standing, direction, signal)
    : setPlatformFlag(release, environment, standing, direction, signal);
};

/** Asks the URL of a release: the same message however often it is sent. */
async function askUrl(
  { id, request }: Pick<ReleaseRecord, 'id' | 'request'>,
  { flag, from, to }: Pick<FlagStanding, 'flag' | 'from' | 'to'>,
  direction: 'forth' | 'back',
  signal: AbortSignal,
): Promise<void> {
  const url = request.flags?.url ?? '';
  const body = JSON.stringify({
    type: 'release.flag',
    timestamp: clock.iso(),
    data: { release: id, flag, from, to, direction, value: direction === 'forth' ? to : from },
  });
  const message = { id: `msg_${id}_${flag}_${direction}`, timestamp: Math.floor(clock.now() / 1_000), body };
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'theseus',
    ...signatureHeaders(message, [await gateSecret()]),
  };
  let found = 'was not asked';
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    signal.throwIfAborted();
    try {
      const { status, text } = await exchange({ method: 'POST', url, headers, body, timeoutMs: flagMs });
      if (status >= 200 && status < 300) return;
      found = `${status} ${text.slice(0, 200)}`.trim();
      if (status < 500 && status !== 429) break;
    } catch (error) {
      if (!(error instanceof TheseusError)) throw error;
      found = error.message;
      if (!error.retryable) break;
    }
    await clock.sleep(jitteredBackoff(attempt, 200, 2_000), signal);
  }
  throw new FlagNotFlipped(`The flag ${flag} was not set: ${found}`, {
    evidence: { flag, direction, found },
  });
}
