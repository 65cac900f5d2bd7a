import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { allInstancesOf } from '../instances/store.ts';
import { readVersions } from '../registry/versions.ts';
import { DescribeServiceInput, DescribeServiceOutput } from '../schemas.ts';

const mostInstances = 200;

/** What other capabilities ask of a service as a whole: where its instances are, and how each is asked whether it is well. */
export const handler = task({
  name: 'describe-service',
  input: DescribeServiceInput,
  output: DescribeServiceOutput,
  async handler({ service }) {
    const versions = await readVersions(service);
    const now = clock.now();
    const live = (await allInstancesOf(service)).filter(
      ({ draining, leaseUntil }) => !draining && (leaseUntil === null || leaseUntil > now),
    );
    const byUrl = new Map(
      versions.flatMap(({ version, healthCheck, endpoints }) =>
        [...endpoints, ...live.filter((one) => one.version === version)].map(({ url }) => [
          `${version} ${url}`,
          { version, url, healthCheck },
        ]),
      ),
    );
    return {
      service,
      registered: versions.length > 0,
      instances: [...byUrl.values()].slice(0, mostInstances),
    };
  },
});
