import { task } from '#platform/task.ts';
import { compareRegistered } from '../registry/compare.ts';
import { CompareVersionsInput, CompareVersionsOutput } from '../schemas.ts';

/** What other capabilities ask before they put one version in the place of another. */
export const handler = task({
  name: 'compare-versions',
  input: CompareVersionsInput,
  output: CompareVersionsOutput,
  async handler({ service, from, to }) {
    const { compatible, bump, changes, broken } = await compareRegistered(service, from, to);
    return {
      compatible,
      bump,
      changes,
      broken: broken.map(({ service: dependant, version, range }) => ({
        service: dependant,
        // A consumer that is known by its contract only: whatever version of it.
        version: version ?? '*',
        range,
      })),
    };
  },
});
