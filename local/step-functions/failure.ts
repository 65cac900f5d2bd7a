/** A state failed with an error name that Retry and Catch can match. */
export class StateFailure extends Error {
  override name = 'StateFailure';
  readonly error: string;
  readonly reason: string | undefined;
  constructor(error: string, cause: string | undefined) {
    super(cause === undefined ? error : `${error}: ${cause}`);
    this.error = error;
    this.reason = cause;
  }
}

/** The bytes of UTF-8 a payload, a task's result or a variable may have. */
export const PAYLOAD_LIMIT = 262_144;

/**
 * Whether a Retry or Catch entry applies to an error, as AWS matches them:
 * States.Runtime always fails the execution; States.ALL does not see States.DataLimitExceeded;
 * States.TaskFailed stands for every error but States.Timeout; a missed heartbeat is a kind of timeout.
 */
export function matchesError(errorEquals: readonly string[], error: string): boolean {
  if (error === 'States.Runtime') return false;
  return errorEquals.some((pattern) => {
    if (pattern === error) return true;
    if (error === 'States.DataLimitExceeded') return false;
    if (pattern === 'States.ALL') return true;
    if (pattern === 'States.TaskFailed') return error !== 'States.Timeout';
    return pattern === 'States.Timeout' && error === 'States.HeartbeatTimeout';
  });
}

/** JSON text of a value. @throws StateFailure States.DataLimitExceeded past 256 KiB of UTF-8. */
export function toPayload(value: unknown, what: string): string {
  const text = JSON.stringify(value) ?? 'null';
  if (text.length > PAYLOAD_LIMIT / 4 && Buffer.byteLength(text) > PAYLOAD_LIMIT) {
    throw new StateFailure(
      'States.DataLimitExceeded',
      `${what} has ${Buffer.byteLength(text)} bytes; the maximum is ${PAYLOAD_LIMIT}.`,
    );
  }
  return text;
}
