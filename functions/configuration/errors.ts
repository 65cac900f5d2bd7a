import { Conflict, TheseusError } from '#platform/errors.ts';

/** 409: somebody else wrote it since; `evidence.expected` and `evidence.found` are the versions. */
export class UpdateConflict extends Conflict {
  override readonly name: string = 'UpdateConflict';
}

/** 409: stored values break the new schema; `evidence.broken` names them with the rules that they break. */
export class ValuesBreakSchema extends Conflict {
  override readonly name: string = 'ValuesBreakSchema';
}

/** 409: the key still has values; `evidence.holders` names their layers. */
export class KeyInUse extends Conflict {
  override readonly name: string = 'KeyInUse';
}

/** 409: as many of these as there may be are there. */
export class TooManyKeys extends Conflict {
  override readonly name: string = 'TooManyKeys';
}

/** 422: a value does not fit the schema of its key, or is secret where it must not be. */
export class ValueRefused extends TheseusError {
  override readonly name: string = 'ValueRefused';
  override readonly status: number = 422;
}

/** 409: another update changes one of these keys, or too many are open. */
export class UpdateInProgress extends Conflict {
  override readonly name: string = 'UpdateInProgress';
}

/** 422: a compliance rule would be broken; `evidence.violations` names it and where. */
export class UpdateRefused extends TheseusError {
  override readonly name: string = 'UpdateRefused';
  override readonly status: number = 422;
}

/** Somebody gave the update up. */
export class UpdateCancelled extends TheseusError {
  override readonly name: string = 'UpdateCancelled';
}

/** A service does not do well with the new values; `evidence.unhealthy` says which and how. */
export class ServiceUnhealthy extends TheseusError {
  override readonly name: string = 'ServiceUnhealthy';
}

/** A secret cannot be sealed or opened: its key refuses, or what is stored was changed or moved. */
export class SecretUnreadable extends TheseusError {
  override readonly name: string = 'SecretUnreadable';
}

/** The execution was followed by another one, which acts now. */
export class ExecutionSuperseded extends TheseusError {
  override readonly name: string = 'ExecutionSuperseded';
}
