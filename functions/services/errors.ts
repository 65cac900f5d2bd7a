import { Conflict, TheseusError } from '#platform/errors.ts';

/** 409: this version is registered with other content; `evidence.differs` names the fields. */
export class VersionDiffers extends Conflict {
  override readonly name: string = 'VersionDiffers';
}

/** 409: who depends on the service would break; `evidence.broken` names them with the changes and example documents. */
export class ContractBreaks extends Conflict {
  override readonly name: string = 'ContractBreaks';
}

/** 409: the number of the version says less than its contract changes; `evidence.demanded` is the lowest that does. */
export class VersionTooLow extends Conflict {
  override readonly name: string = 'VersionTooLow';
}

/** 409: others depend on this version and nothing else satisfies their ranges; `evidence.dependants` names them. */
export class VersionNeeded extends Conflict {
  override readonly name: string = 'VersionNeeded';
}

/** 409: the service still has versions or consumers. */
export class ServiceInUse extends Conflict {
  override readonly name: string = 'ServiceInUse';
}

/** 409: as many of these as there may be are registered. */
export class TooMany extends Conflict {
  override readonly name: string = 'TooMany';
}

/** 409: the instance is an endpoint of its version and stays with it. */
export class InstanceIsStatic extends Conflict {
  override readonly name: string = 'InstanceIsStatic';
}

/** 422: AWS Cloud Map cannot be asked here, or has no such namespace. */
export class CloudMapUnavailable extends TheseusError {
  override readonly name: string = 'CloudMapUnavailable';
  override readonly status: number = 422;
}
