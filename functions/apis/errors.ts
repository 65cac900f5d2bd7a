import { Conflict, TheseusError } from '#platform/errors.ts';

/** 409: this version is registered with another description; `evidence.registered` and `evidence.sent` are their hashes. */
export class VersionDiffers extends Conflict {
  override readonly name: string = 'VersionDiffers';
}

/** 409: as many of these as there may be are registered. */
export class TooMany extends Conflict {
  override readonly name: string = 'TooMany';
}

/** 409: it still has versions, or others rely on it. */
export class ApiInUse extends Conflict {
  override readonly name: string = 'ApiInUse';
}

/** 409: the version is older than others that are registered, and of no line of theirs. */
export class VersionOutOfOrder extends Conflict {
  override readonly name: string = 'VersionOutOfOrder';
}

/** 409: the number of the version says less than its description changes; `evidence.demanded` is the lowest that does. */
export class VersionTooLow extends Conflict {
  override readonly name: string = 'VersionTooLow';
}

/** 409: consumers are pinned to the version, or it is the default. */
export class VersionInUse extends Conflict {
  override readonly name: string = 'VersionInUse';
}

/** 409: the uploaded description is not there, not whole, or not the one that was announced. */
export class UploadIncomplete extends Conflict {
  override readonly name: string = 'UploadIncomplete';
}

/** 409: the strategy of a publication does not allow what it changes; `evidence.operations` are those that would break. */
export class UnsafeSchemaChange extends Conflict {
  override readonly name: string = 'UnsafeSchemaChange';
}

/** 409: this must not go: the only version, the newest, one that goes already, or something that is not there. */
export class DeprecationRefused extends Conflict {
  override readonly name: string = 'DeprecationRefused';
}

/** The execution was followed by another one, which acts now. */
export class ExecutionSuperseded extends TheseusError {
  override readonly name: string = 'ExecutionSuperseded';
}

/** 409: changes between two versions make invalid documents, or lose what they do not say they lose; `evidence.failures` shows it. */
export class TransformationWrong extends Conflict {
  override readonly name: string = 'TransformationWrong';
}

/** 409: changes that were to be derived are not all mechanical; `evidence.open` names the places. */
export class ChangesOpen extends Conflict {
  override readonly name: string = 'ChangesOpen';
}

/** 409: a JSON Schema is not what the compatibility mode of its API demands of older versions; `evidence.checks` say which. */
export class SchemaIncompatible extends Conflict {
  override readonly name: string = 'SchemaIncompatible';
}
