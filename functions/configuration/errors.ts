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
