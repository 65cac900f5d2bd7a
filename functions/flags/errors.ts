import { Conflict, InvalidInput, PayloadTooLarge, TheseusError } from '#platform/errors.ts';

/** 409: as many of these as there may be are there. */
export class TooMany extends Conflict {
  override readonly name: string = 'TooMany';
}

/** 409: the flag was changed since the caller read it; `evidence` has the expected and the found version. */
export class FlagConflict extends Conflict {
  override readonly name: string = 'FlagConflict';
}

/** 409: other flags need this one; `evidence.dependants` names them. */
export class FlagNeeded extends Conflict {
  override readonly name: string = 'FlagNeeded';
}

/** 409: a kill switch holds the flag. */
export class FlagKilled extends Conflict {
  override readonly name: string = 'FlagKilled';
}

/** 409: the flag decides in a way that this cannot be set for. */
export class FlagNotSettable extends Conflict {
  override readonly name: string = 'FlagNotSettable';
}

/** 413: the flags of an environment would be more than AppConfig hosts. */
export class DocumentTooLarge extends PayloadTooLarge {
  override readonly name: string = 'DocumentTooLarge';
}

/** 400: a flag that a document or a function names is not what it should be. */
export class FlagRefused extends InvalidInput {
  override readonly name: string = 'FlagRefused';
}

/** 409: another rollout has the flag; `evidence.found` is its id. */
export class RolloutInProgress extends Conflict {
  override readonly name: string = 'RolloutInProgress';
}

/** The execution was followed by another one, which acts now. */
export class ExecutionSuperseded extends TheseusError {
  override readonly name: string = 'ExecutionSuperseded';
}
