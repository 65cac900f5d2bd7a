import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { Version, VersionRange } from '#compatibility/ranges.ts';
import { InvalidInput } from '#platform/errors.ts';
import { HealthStatus } from '../instances/records.ts';
import { Labels, Zone } from '../schemas.ts';

const LabelPair = z.string().regex(/^[^=]{1,63}=.{1,100}$/, 'Expected name=value');

export const DiscoveryQuery = z
  .strictObject({
    range: VersionRange.optional().describe(
      'Versions as npm reads them, such as ^1.2; any released one when absent',
    ),
    health: z
      .enum(['passing', 'not_failing', 'any'])
      .default('passing')
      .describe(
        'passing has those without a health check, too: nothing failed; draining ones are in any alone',
      ),
    label: z
      .union([LabelPair, z.array(LabelPair).max(20)])
      .transform((given) => (typeof given === 'string' ? [given] : given))
      .default([])
      .describe('name=value, several times: of the instance or of its version'),
    zone: Zone.optional().describe("The caller's own, for choice=zone_aware"),
    choice: z
      .enum(['weighted', 'least_loaded', 'zone_aware'])
      .optional()
      .describe('The items come in the order in which they are to be tried; without it, by version and id'),
    consumer: ServiceName.optional().describe('Only versions that this consumer of the service goes on with'),
    limit: z.coerce.number().int().min(1).max(500).default(100),
  })
  .refine(({ choice, zone }) => choice !== 'zone_aware' || zone !== undefined, {
    error: 'Expected the zone of the caller',
    path: ['zone'],
  });
export type DiscoveryQuery = z.infer<typeof DiscoveryQuery>;

export const CandidateView = z
  .strictObject({
    id: z.string(),
    version: Version,
    url: z.string(),
    zone: z.string().nullable(),
    weight: z.int(),
    labels: Labels.describe('Of the version and of the instance'),
    health: HealthStatus,
    load: z.number().nullable(),
    inFlight: z.int().nullable(),
    leaseUntil: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ServiceCandidate' });
export type CandidateView = z.infer<typeof CandidateView>;

export const Discovery = z
  .strictObject({
    service: z.string(),
    items: z.array(CandidateView),
    more: z.int().describe('Candidates that are not listed'),
    excluded: z
      .array(z.strictObject({ version: Version, why: z.string() }))
      .describe('Versions in the range that the consumer does not go on with'),
  })
  .meta({ id: 'ServiceDiscovery' });
export type Discovery = z.infer<typeof Discovery>;

/** `['tier=gold']` as pairs; what one name is asked for twice is refused. Throws InvalidInput. */
export function pairsOf(labels: readonly string[]): [string, string][] {
  const pairs = labels.map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  if (new Set(pairs.map(([name]) => name)).size === pairs.length) return pairs;
  throw new InvalidInput('A label is asked for twice', {
    problems: [{ pointer: '/query/label', detail: 'Expected each name once' }],
    action: 'Send each label once.',
  });
}
