import type { Description } from '#compatibility/descriptions.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import { prepareChanges } from '#transformations/prepare.ts';
import { checkRoundTrip, type RoundTripReport } from '#transformations/round-trip/check.ts';
import type { VersionChange } from '#transformations/schemas.ts';
import { surfaceOf } from '#transformations/surface/openapi.ts';
import { TransformationWrong } from '../errors.ts';
import { acceptable } from '../registry/version-schemas.ts';

/** Two neighbours among the versions of an API. */
export interface Neighbours {
  older: { version: string; description: Description };
  newer: { version: string; description: Description };
}

const mostShown = 10;
const now = () => clock.monotonic();

/** Throws InvalidInput for kinds whose documents are not translated. */
export function surfacesOf({ older, newer }: Neighbours) {
  if (older.description.kind !== 'openapi' || newer.description.kind !== 'openapi') {
    throw new InvalidInput(`Changes of an API of the kind ${newer.description.kind} are not translated`, {
      problems: [{ pointer: '/body/changes', detail: 'Expected an API of the kind openapi' }],
      action: 'Leave the changes out: each version is served by its own handlers.',
    });
  }
  return { older: surfaceOf(older.description), newer: surfaceOf(newer.description) };
}

/** The same versions and changes are tried on the same documents. */
const seedOf = ({ older, newer }: Neighbours): number =>
  Number.parseInt(older.description.digest.slice(0, 4) + newer.description.digest.slice(0, 4), 16) | 0;

/**
 * Reads the changes that lead from one version to the next, and tries them on documents made of the schemas of both.
 * Throws InvalidInput, and TransformationWrong for what does not fit or does not come back, unless that is accepted.
 */
export async function checkChanges(
  written: unknown,
  neighbours: Neighbours,
  accept: readonly string[],
): Promise<{ changes: VersionChange[]; report: RoundTripReport }> {
  const surfaces = surfacesOf(neighbours);
  const changes = await prepareChanges(written, { now });
  const unknown = unknownEndpoints(changes, neighbours);
  if (unknown.length > 0) {
    throw new InvalidInput(
      unknown.length === 1 ? (unknown[0]?.detail ?? '') : 'Changes name unknown endpoints',
      {
        problems: unknown.slice(0, 50),
        action: 'Name endpoints as the older version has them: GET /orders/{}.',
      },
    );
  }
  const report = await checkRoundTrip(changes, surfaces, { seed: seedOf(neighbours), now });
  const [first] = report.failures;
  if (first === undefined || accept.includes(acceptable.roundTrip)) return { changes, report };
  throw new TransformationWrong(
    `${first.change === undefined ? 'The changes do' : `${first.change} does`} not fit: ${first.message}`,
    {
      evidence: {
        failures: report.failures.slice(0, mostShown),
        more: Math.max(0, report.failures.length - mostShown),
      },
      action:
        'Correct the change, or say in `loses` what does not come back; on purpose: name round-trip in `accept`, with a reason.',
    },
  );
}

function unknownEndpoints(changes: readonly VersionChange[], { older, newer }: Neighbours) {
  const known = new Set(
    [older, newer].flatMap(({ description }) =>
      description.kind === 'openapi' ? [...description.endpoints.keys()] : [],
    ),
  );
  return changes.flatMap(({ endpoints }, at) =>
    endpoints === 'all'
      ? []
      : endpoints
          .filter((endpoint) => !known.has(endpoint))
          .map((endpoint) => ({
            pointer: `/body/changes/${at}/endpoints`,
            detail: `${endpoint} is no endpoint of ${older.version} or ${newer.version}`,
          })),
  );
}
