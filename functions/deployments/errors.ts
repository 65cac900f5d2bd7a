import { Conflict, type ErrorDetails, TheseusError } from '#platform/errors.ts';

// Every named failure of deployments. `name` is a literal because state machines retry and catch by it; `retryable`
// equals the Retry lists of state-machines/deployment.asl.json (a test compares them).

/** What decides where traffic goes did not answer, or was busy: the same call may succeed later. */
export class TargetUnavailable extends TheseusError {
  override readonly name: string = 'TargetUnavailable';
  override readonly status: number = 503;
  override readonly retryable: boolean = true;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Nothing: it is tried again.', ...details });
  }
}

/** The target is not as the deployment left it, or cannot do what is asked. */
export class TargetRefused extends TheseusError {
  override readonly name: string = 'TargetRefused';
  override readonly status: number = 409;
}

/** The alias is not as the deployment left it: somebody else changed it. */
export class AliasChanged extends TargetRefused {
  override readonly name: string = 'AliasChanged';
}

/** The load balancer forwards other than the deployment left it: somebody else changed it. */
export class ForwardingChanged extends TargetRefused {
  override readonly name: string = 'ForwardingChanged';
}

/** Another deployment of the service and target runs, or waits, and this one was not to wait. */
export class SlotTaken extends Conflict {
  override readonly name: string = 'SlotTaken';
}

/** The services know no such version. */
export class VersionNotRegistered extends TheseusError {
  override readonly name: string = 'VersionNotRegistered';
  override readonly status: number = 422;
}

/** The new version breaks what depends on the old one. */
export class VersionIncompatible extends TheseusError {
  override readonly name: string = 'VersionIncompatible';
  override readonly status: number = 409;
}

/** Endpoints of the new version were not well, so often in a row and in time. */
export class GreenUnhealthy extends TheseusError {
  override readonly name: string = 'GreenUnhealthy';
}

/** A test or a webhook before the traffic said no, or nothing. */
export class GateRefused extends TheseusError {
  override readonly name: string = 'GateRefused';
}

/** The judge found the new version worse than the old one, or over a limit. */
export class AnalysisFailed extends TheseusError {
  override readonly name: string = 'AnalysisFailed';
}

/** The data never sufficed for a judgement, and going on without one was not allowed. */
export class AnalysisInconclusive extends TheseusError {
  override readonly name: string = 'AnalysisInconclusive';
}

/** An alarm that speaks about the new version fires. */
export class AlarmFiring extends TheseusError {
  override readonly name: string = 'AlarmFiring';
}

/** An alarm that was to be watched is not there. */
export class AlarmUnknown extends TheseusError {
  override readonly name: string = 'AlarmUnknown';
  override readonly status: number = 422;
}

/** A person asked for the way back. */
export class DeploymentAborted extends TheseusError {
  override readonly name: string = 'DeploymentAborted';
  override readonly status: number = 409;
}

/** The execution acts no longer for the deployment: another one does. */
export class ExecutionSuperseded extends TheseusError {
  override readonly name: string = 'ExecutionSuperseded';
  override readonly status: number = 409;
}

/** It was paused, or waited for an approval or its turn, longer than is allowed. */
export class WaitedTooLong extends TheseusError {
  override readonly name: string = 'WaitedTooLong';
}

/** The members of a release fit each other in no order: a cycle, or versions that exclude one another. */
export class ReleaseUnorderable extends TheseusError {
  override readonly name: string = 'ReleaseUnorderable';
  override readonly status: number = 422;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Change the versions, or leave out a member: theseus release start',
      ...details,
    });
  }
}

/** A member of a release did not get, or did not keep, its traffic: all of them go back. */
export class MemberFailed extends TheseusError {
  override readonly name: string = 'MemberFailed';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Look at the deployment it names: theseus deployment show', ...details });
  }
}

/** A person asked for the way back of a release. */
export class ReleaseAborted extends TheseusError {
  override readonly name: string = 'ReleaseAborted';
  override readonly status: number = 409;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Nothing: every member goes back by itself.', ...details });
  }
}

/** A flag of a release was not set: it was refused, somebody else changed it, or its URL said no, or nothing. */
export class FlagNotFlipped extends TheseusError {
  override readonly name: string = 'FlagNotFlipped';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'See why the URL of flags.url refuses, then release again.', ...details });
  }
}

/** What a release brought in another environment may not come here. */
export class PromotionRefused extends TheseusError {
  override readonly name: string = 'PromotionRefused';
  override readonly status: number = 409;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {
      action: 'Remove what it names, then promote again: theseus release promote',
      ...details,
    });
  }
}
