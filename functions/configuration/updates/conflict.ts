import { UpdateConflict } from '../errors.ts';
import { nameOf } from '../resolution/layers.ts';
import type { ConfigurationKey } from '../schemas.ts';

export const conflictOf = (key: ConfigurationKey, expected: number, found: number): UpdateConflict =>
  new UpdateConflict(
    `${nameOf(key)} has version ${found}, expected ${expected}: somebody else wrote it since`,
    {
      evidence: { identity: { ...key }, expected, found },
      action: 'Look at what it is now, and decide again.',
    },
  );
