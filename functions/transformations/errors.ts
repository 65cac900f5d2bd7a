import { type ErrorDetails, TheseusError } from '#platform/errors.ts';

/** `up`: a request on its way to the newest version. `down`: an answer on its way to an older one. */
export type Way = 'up' | 'down';

/** A document does not fit a change of its API, or the change failed on it: neither is sent on by half. */
export class TransformationFailed extends TheseusError {
  override readonly name: string = 'TransformationFailed';
  override readonly status: number = 502;
  readonly change: string;
  /** Where in the document as the change met it, RFC 6901. */
  readonly pointer: string;
  readonly way: Way;

  constructor(
    failure: { change: string; pointer: string; way: Way; reason: string },
    details: ErrorDetails = {},
  ) {
    const { change, pointer, way, reason } = failure;
    super(`The change ${change} does not fit the document at ${pointer || 'its root'}: ${reason}`, {
      action:
        way === 'up'
          ? 'Send a document that is valid in the version that the request is for.'
          : 'Correct the change of the API: theseus api transformation check finds a document that shows it.',
      ...details,
      evidence: { change, pointer, way },
    });
    this.change = change;
    this.pointer = pointer;
    this.way = way;
  }
}
