import type { ConfigurationKey } from '../schemas.ts';

/** A key in one layer as events tell of it: what its layer leaves out is not there. */
export const named = (key: ConfigurationKey): Record<string, string> =>
  Object.fromEntries(
    Object.entries(key).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
