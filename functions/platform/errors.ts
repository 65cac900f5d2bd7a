import type { z } from 'zod';

export interface ErrorDetails {
  /** What was found: numbers, ids and names a person needs. Never a secret; it is stored and shown. */
  evidence?: Record<string, unknown>;
  /** What a person can do about it, in one sentence. */
  action?: string;
  cause?: unknown;
}

/**
 * Base of every named failure. Subclasses give `name` as a string literal, because state machines retry
 * and catch by it and class names do not survive minification.
 */
export abstract class TheseusError extends Error {
  abstract override readonly name: string;
  /** Whether running the same thing again may succeed. Retry lists of state machines say the same. */
  readonly retryable: boolean = false;
  /** The HTTP status it becomes at the API. */
  readonly status: number = 500;
  readonly evidence: Record<string, unknown>;
  readonly action: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.evidence = details.evidence ?? {};
    this.action = details.action;
  }
}

/** One field that was refused: `pointer` is an RFC 6901 pointer such as `/body/name`. */
export interface FieldProblem {
  pointer: string;
  detail: string;
}

/** 400: what was sent does not have the expected form. */
export class InvalidInput extends TheseusError {
  override readonly name: string = 'InvalidInput';
  override readonly status: number = 400;
  readonly problems: FieldProblem[];

  constructor(message: string, details: ErrorDetails & { problems?: FieldProblem[] } = {}) {
    super(message, details);
    this.problems = details.problems ?? [];
  }
}

/** 401: no valid token came with the request. */
export class Unauthenticated extends TheseusError {
  override readonly name: string = 'Unauthenticated';
  override readonly status: number = 401;
}

/** 403: the caller is known and lacks the role. */
export class Forbidden extends TheseusError {
  override readonly name: string = 'Forbidden';
  override readonly status: number = 403;
}

/** 404: nothing has this id, or the caller may not know of it. */
export class NotFound extends TheseusError {
  override readonly name: string = 'NotFound';
  override readonly status: number = 404;
}

/** 405: the path exists, this method on it does not. */
export class MethodNotAllowed extends TheseusError {
  override readonly name: string = 'MethodNotAllowed';
  override readonly status: number = 405;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Use one of the methods named as allowed.', ...details });
  }
}

/** 409: the thing is in a state that does not allow this. */
export class Conflict extends TheseusError {
  override readonly name: string = 'Conflict';
  override readonly status: number = 409;
}

/** 409: the first request with this Idempotency-Key still runs. */
export class RequestInProgress extends TheseusError {
  override readonly name: string = 'RequestInProgress';
  override readonly status: number = 409;
  override readonly retryable: boolean = true;
}

/** 413: the body is larger than allowed. */
export class PayloadTooLarge extends TheseusError {
  override readonly name: string = 'PayloadTooLarge';
  override readonly status: number = 413;
}

/** 415: the body is not JSON. */
export class UnsupportedMediaType extends TheseusError {
  override readonly name: string = 'UnsupportedMediaType';
  override readonly status: number = 415;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Send JSON, with the header Content-Type: application/json.', ...details });
  }
}

/** 422: the Idempotency-Key was used before with another request. */
export class IdempotencyKeyReused extends TheseusError {
  override readonly name: string = 'IdempotencyKeyReused';
  override readonly status: number = 422;
}

/** 429: the caller, or the platform on its behalf, is over a rate. */
export class TooManyRequests extends TheseusError {
  override readonly name: string = 'TooManyRequests';
  override readonly status: number = 429;
  override readonly retryable: boolean = true;
}

/** 500: a defect of ours. The caller sees an id to quote; the log has the rest. */
export class Internal extends TheseusError {
  override readonly name: string = 'Internal';
  override readonly status: number = 500;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Quote the id in `instance` to whoever runs the platform: its log has the rest.',
      ...details,
    });
  }
}

/** 503: something we depend on did not answer in time. */
export class ServiceUnavailable extends TheseusError {
  override readonly name: string = 'ServiceUnavailable';
  override readonly status: number = 503;
  override readonly retryable: boolean = true;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Nothing: it is tried again. If it lasts, look at the status of the service named.',
      ...details,
    });
  }
}

/** 503: many wrote the same record at the same moment, and our limited retries lost each time. */
export class RecordContended extends TheseusError {
  override readonly name: string = 'RecordContended';
  override readonly status: number = 503;
  override readonly retryable: boolean = true;
}

/** A stored thing does not have the form this version reads: a defect, or data of a newer version. */
export class RecordUnreadable extends TheseusError {
  override readonly name: string = 'RecordUnreadable';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Deploy a version of Theseus that is at least as new as the one that wrote it.',
      ...details,
    });
  }
}

/** A state machine handed a task something outside its contract: a defect of the definition, never retried. */
export class TaskInputInvalid extends TheseusError {
  override readonly name: string = 'TaskInputInvalid';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action:
        'Report it, with the state machine and the version of Theseus: the definition and the function do not fit.',
      ...details,
    });
  }
}

/** A task returned something outside its contract: a defect of the task, never retried. */
export class TaskOutputInvalid extends TheseusError {
  override readonly name: string = 'TaskOutputInvalid';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action:
        'Report it, with the state machine and the version of Theseus: the definition and the function do not fit.',
      ...details,
    });
  }
}

/** The environment of a function lacks a variable: a defect of the deployment. */
export class EnvironmentIncomplete extends TheseusError {
  override readonly name: string = 'EnvironmentIncomplete';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Deploy the stack again: it gives its functions every variable.', ...details });
  }
}

const escapePointer = (part: PropertyKey) => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

const isOfAnotherType = ({ code, path }: z.core.$ZodIssue): boolean =>
  code === 'invalid_type' && path.length === 0;

/**
 * Zod issues as field problems under `prefix`; an unknown key is named itself, and of alternatives the one that lacks
 * least is spoken of: among those that take what was sent at all, a text or an object. At most 50 are kept.
 */
export function fieldProblems(prefix: string, error: Pick<z.ZodError, 'issues'>): FieldProblem[] {
  const problems = error.issues.flatMap((issue): FieldProblem[] => {
    const pointer = [prefix, ...issue.path.map(escapePointer)].join('/');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: `${pointer}/${escapePointer(key)}`,
        detail: 'Unknown field',
      }));
    }
    if (issue.code === 'invalid_union') {
      const ofItsType = issue.errors.filter((issues) => !issues.some(isOfAnotherType));
      const [nearest] = (ofItsType.length > 0 ? ofItsType : issue.errors)
        .map((issues) => fieldProblems(pointer, { issues }))
        .toSorted((one, other) => one.length - other.length);
      if (nearest !== undefined && nearest.length > 0) return nearest;
    }
    return [{ pointer, detail: issue.message }];
  });
  return problems.slice(0, 50);
}
