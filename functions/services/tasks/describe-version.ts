import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { instancesOf } from '../instances/store.ts';
import { contractOf } from '../registry/contracts.ts';
import { readVersion } from '../registry/versions.ts';
import { DescribeVersionInput, DescribeVersionOutput } from '../schemas.ts';

/** What other capabilities ask of a version: where it is, what it promises and how it is to be run. */
export const handler = task({
  name: 'describe-version',
  input: DescribeVersionInput,
  output: DescribeVersionOutput,
  async handler({ service, version }) {
    const record = await readVersion(service, version);
    const now = clock.now();
    const live = (await instancesOf(service, version)).filter(
      ({ kind, draining, leaseUntil }) =>
        kind !== 'static' && !draining && (leaseUntil === null || leaseUntil > now),
    );
    const { healthCheck, dependencies, configuration, labels, createdAt } = record;
    return {
      service,
      version,
      endpoints: [...record.endpoints, ...live].map(({ url, zone }) => ({ url, zone })),
      healthCheck,
      // A contract is JSON by its own schema; its type says `unknown` of what stands in schemas.
      contract: (await contractOf(record)) as DescribeVersionOutput['contract'],
      dependencies,
      configuration,
      labels,
      registeredAt: createdAt,
    };
  },
});
