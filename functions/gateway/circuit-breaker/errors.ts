import { type ErrorDetails, TheseusError } from '#platform/errors.ts';

/**
 * 503: the callers' breaker is open, so the call was not made. `evidence.retryAfterMs` says when to come back; null
 * where a person holds it open. Policies of cockatiel take it for their own BrokenCircuitError.
 */
export class CircuitOpen extends TheseusError {
  override readonly name: string = 'CircuitOpen';
  override readonly status: number = 503;
  override readonly retryable: boolean = true;
  readonly isBrokenCircuitError = true;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Come back after `retryAfterMs`; `theseus gateway breakers` says what opened it.',
      ...details,
    });
  }
}

/** 404: no caller ever asked a breaker of this name. */
export class BreakerNotFound extends TheseusError {
  override readonly name: string = 'BreakerNotFound';
  override readonly status: number = 404;
}

/** 409: callers changed the breaker while a person did, several times in a row. */
export class BreakerBusy extends TheseusError {
  override readonly name: string = 'BreakerBusy';
  override readonly status: number = 409;
  override readonly retryable: boolean = true;
}
