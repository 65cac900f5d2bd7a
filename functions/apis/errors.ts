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

/** An item was written by others again and again; trying again may help. */
export class RecordContended extends TheseusError {
  override readonly name: string = 'RecordContended';
  override readonly retryable: boolean = true;
  override readonly status: number = 503;
}
