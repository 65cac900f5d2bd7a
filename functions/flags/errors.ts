import { Conflict } from '#platform/errors.ts';

/** 409: as many of these as there may be are there. */
export class TooMany extends Conflict {
  override readonly name: string = 'TooMany';
}
