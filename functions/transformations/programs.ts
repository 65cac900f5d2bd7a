import { InvalidInput } from '#platform/errors.ts';
import type { Programs } from './operations/compile.ts';
import type { VersionChange } from './schemas.ts';

/** What the programs among the operations of some changes need; nothing is started where there are none. */
export async function programsFor(
  _changes: readonly VersionChange[],
  _now: () => number,
): Promise<Programs & { dispose(): void }> {
  const refused = () => {
    throw new InvalidInput('Programs are not run here yet', { action: 'Use declarative operations.' });
  };
  return { jsonata: refused, typescript: refused, dispose: () => {} };
}
