import { Conflict, type ErrorDetails, TheseusError } from '#platform/errors.ts';

// Every named failure of the gateway: those of its API first, then those that callers of services meet.

/** A deployment moves this route: nobody else changes it meanwhile. */
export class RouteHeld extends Conflict {
  override readonly name: string = 'RouteHeld';
}

/** The deployment has asked for another state of the route since: this one comes late. */
export class ShiftSuperseded extends Conflict {
  override readonly name: string = 'ShiftSuperseded';
}

/** The route is not what the change was made of. */
export class RouteChanged extends Conflict {
  override readonly name: string = 'RouteChanged';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Read the route again and make the change of what it is now.', ...details });
  }
}

/** A service has one API at a time. */
export class ServiceServesAnotherApi extends Conflict {
  override readonly name: string = 'ServiceServesAnotherApi';
}

/** No route leads to a service of this name. */
export class ServiceUnknown extends TheseusError {
  override readonly name: string = 'ServiceUnknown';
  override readonly status: number = 404;
}

/** No version of the service is in the range that the request asks for. */
export class VersionUnknown extends TheseusError {
  override readonly name: string = 'VersionUnknown';
  override readonly status: number = 404;
}

/** The routes cannot be read, and none is remembered for this service. */
export class RoutesUnreachable extends TheseusError {
  override readonly name: string = 'RoutesUnreachable';
  override readonly status: number = 503;
  override readonly retryable: boolean = true;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Nothing: try again in some seconds.', ...details });
  }
}

/** The service could not be reached, or broke off before it answered. */
export class UpstreamUnreachable extends TheseusError {
  override readonly name: string = 'UpstreamUnreachable';
  override readonly status: number = 502;
  override readonly retryable: boolean = true;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Look whether the version named is up and can be reached.', ...details });
  }
}

/** The service leads to an address that the gateway does not connect to. */
export class UpstreamRefused extends TheseusError {
  override readonly name: string = 'UpstreamRefused';
  override readonly status: number = 502;
}

/** The service did not begin to answer in the time that the route gives. */
export class UpstreamTimeout extends TheseusError {
  override readonly name: string = 'UpstreamTimeout';
  override readonly status: number = 504;
  override readonly retryable: boolean = true;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Look why the version named is slow, or give the route more time.',
      ...details,
    });
  }
}

/** The API has no version of the name that the request gives. */
export class ApiVersionUnknown extends TheseusError {
  override readonly name: string = 'ApiVersionUnknown';
  override readonly status: number = 400;
}

/** The answer of a service has to be changed for its client and is not what can be changed. */
export class AnswerUnreadable extends TheseusError {
  override readonly name: string = 'AnswerUnreadable';
  override readonly status: number = 502;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Let the service answer with JSON of at most 6 MB there, or ask for its newest version.',
      ...details,
    });
  }
}

/** The version is gone for good. */
export class ApiVersionRemoved extends TheseusError {
  override readonly name: string = 'ApiVersionRemoved';
  override readonly status: number = 410;
}

/** The endpoint is gone for good from a version that stays. */
export class EndpointRemoved extends TheseusError {
  override readonly name: string = 'EndpointRemoved';
  override readonly status: number = 410;
}

/** The version goes away, and is refused for a while so that nobody overlooks it. */
export class BrownedOut extends TheseusError {
  override readonly name: string = 'BrownedOut';
  override readonly status: number;
  override readonly retryable: boolean;

  constructor(message: string, details: ErrorDetails, status: 410 | 503) {
    super(message, details);
    this.status = status;
    this.retryable = status === 503;
  }
}

/** What goes away takes nobody who has not used it before. */
export class DeprecatedForNewConsumers extends TheseusError {
  override readonly name: string = 'DeprecatedForNewConsumers';
  override readonly status: number = 403;
}
