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
