import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { operationLimits } from '#compatibility/graphql/operation-limits.ts';
import { SubgraphName } from '#compatibility/graphql/subgraph-name.ts';
import { pageOf } from '#platform/page.ts';
import { ApiComparison } from '../registry/version-schemas.ts';
import { ApiName } from '../schemas.ts';

// What is said of the subgraphs and operations of a GraphQL API over HTTP.

export const SubgraphParams = z.strictObject({ api: ApiName, subgraph: SubgraphName });

/** How a supergraph may change by a publication: `strategies.ts` says what each allows. */
export const Strategy = z
  .enum(['additive', 'deprecation', 'breaking'])
  .describe(
    'additive: only more; deprecation: what is to go says why and until when, and goes when its day has come and nobody uses it; breaking: on purpose, with a reason, and nobody uses what goes',
  );
export type Strategy = z.infer<typeof Strategy>;

const Reason = z.string().trim().min(1).max(500);
const Url = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .describe('Where the router finds the service; unless said as before');

/** What a change of a supergraph says of itself. */
const publication = {
  strategy: Strategy.default('additive'),
  reason: Reason.optional().describe('Needed for breaking; kept with the publication'),
  force: z.boolean().default(false).describe('breaking, though it is used or nobody knows'),
  version: ApiVersion.optional().describe('Of the API; unless said the lowest that the changes demand'),
};

const isReasoned = ({ strategy, reason }: { strategy: Strategy; reason?: string | undefined }) =>
  strategy !== 'breaking' || reason !== undefined;
const reasonMissing = { error: 'Expected a reason for the strategy breaking', path: ['reason'] };
const isForceful = ({ strategy, force }: { strategy: Strategy; force: boolean }) =>
  !force || strategy === 'breaking';
const forceMissing = { error: 'Expected the strategy breaking with force', path: ['force'] };

export const NewSubgraph = z
  .strictObject({ url: Url.optional(), sdl: z.string().min(1), ...publication })
  .refine(isReasoned, reasonMissing)
  .refine(isForceful, forceMissing)
  .meta({ id: 'NewSubgraph' });
export type NewSubgraph = z.infer<typeof NewSubgraph>;

/** The same for a removal, in its query. */
export const SubgraphRemoval = z
  .strictObject({
    ...publication,
    strategy: Strategy.default('breaking'),
    force: z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true'),
    dryRun: z.enum(['true', 'false']).default('false'),
  })
  .refine(isReasoned, reasonMissing)
  .refine(isForceful, forceMissing);

export const SubgraphView = z
  .strictObject({
    api: z.string(),
    name: z.string(),
    url: z.string().nullable(),
    hash: z.string(),
    bytes: z.int(),
    updatedAt: z.string(),
    updatedBy: z.string(),
  })
  .meta({ id: 'Subgraph' });
export type SubgraphView = z.infer<typeof SubgraphView>;
export const SubgraphPage = pageOf(SubgraphView).meta({ id: 'SubgraphPage' });
export const SubgraphWithText = SubgraphView.extend({ sdl: z.string() }).meta({ id: 'SubgraphWithText' });

const BrokenOperation = z.strictObject({
  operation: z.string(),
  client: z.string(),
  requests: z.int(),
  error: z.string(),
});

export const Publication = z
  .strictObject({
    api: z.string(),
    subgraph: z.string(),
    strategy: Strategy,
    version: ApiVersion.nullable().describe('The version of the API; null: clients see no difference'),
    comparison: ApiComparison.nullable().describe('With the newest version; null: there is none'),
    broken: z.array(BrokenOperation).describe('Operations that would go on no more, at most 50'),
    refused: z
      .array(z.strictObject({ name: z.string(), message: z.string() }))
      .describe('In a dry run: what a publication would be refused for'),
    published: z.boolean(),
  })
  .meta({ id: 'SubgraphPublication' });
export type Publication = z.infer<typeof Publication>;

export const SupergraphView = z
  .strictObject({
    api: z.string(),
    version: ApiVersion.nullable(),
    supergraphSdl: z.string().describe('For the router'),
    publications: z
      .array(
        z.strictObject({
          at: z.string(),
          by: z.string(),
          subgraph: z.string(),
          strategy: Strategy,
          reason: z.string().nullable(),
          forced: z.boolean(),
          version: ApiVersion.nullable(),
        }),
      )
      .describe('The newest first, at most 50'),
  })
  .meta({ id: 'Supergraph' });
export type SupergraphView = z.infer<typeof SupergraphView>;

export const UnusedElement = z
  .strictObject({
    element: z.string().describe('Type.field, or Type.field(argument:)'),
    type: z.string(),
    field: z.string(),
    argument: z.string().nullable(),
    reason: z.string(),
    removal: z.string().nullable().describe('The day that the reason announces'),
    usedBy: z.array(z.string()).describe('Clients, at most 10'),
    removable: z.boolean().describe('Its day has come, and no known operation asks for it'),
  })
  .meta({ id: 'DeprecatedElement' });
export type UnusedElement = z.infer<typeof UnusedElement>;
export const UnusedPage = pageOf(UnusedElement).meta({ id: 'DeprecatedElementPage' });

const NewOperation = z.strictObject({
  document: z.string().min(1).max(operationLimits.bytes),
  requests: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).describe('In the last 30 days'),
  lastSeen: z.iso.datetime().optional().describe('Now unless said'),
});

export const NewOperations = z
  .strictObject({
    client: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._@/:-]{0,127}$/, 'Expected the name of a client'),
    operations: z.array(NewOperation).min(1).max(50),
  })
  .meta({ id: 'NewOperations' });
export type NewOperations = z.infer<typeof NewOperations>;

export const OperationView = z
  .strictObject({
    id: z.string(),
    client: z.string(),
    name: z.string(),
    requests: z.int(),
    lastSeen: z.string(),
    document: z.string(),
  })
  .meta({ id: 'Operation' });
export type OperationView = z.infer<typeof OperationView>;
export const OperationPage = pageOf(OperationView).meta({ id: 'OperationPage' });
export const OperationParams = z.strictObject({
  api: ApiName,
  operation: z.string().regex(/^[0-9a-f]{64}$/, 'Expected the id of an operation'),
});
