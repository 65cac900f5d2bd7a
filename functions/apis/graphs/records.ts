import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { Strategy } from './schemas.ts';

// What the table holds of supergraphs. Unknown fields are of newer versions and are kept out.

const Stored = z.object({ key: z.string(), hash: z.string(), bytes: z.int() });

export const SubgraphEntry = z.object({
  name: z.string(),
  url: z.string().nullable(),
  sdl: Stored,
  updatedAt: z.string(),
  updatedBy: z.string(),
});
export type SubgraphEntry = z.infer<typeof SubgraphEntry>;

/** The subgraphs of an API: one item, so that what is composed is of one moment. */
export const GraphRecord = z.object({
  schemaVersion: z.literal(1),
  api: z.string(),
  /** Counts writes. */
  revision: z.int(),
  /** By name. */
  subgraphs: z.array(SubgraphEntry),
  supergraph: Stored,
  /** The newest first. */
  publications: z.array(
    z.object({
      at: z.string(),
      by: z.string(),
      subgraph: z.string(),
      strategy: Strategy,
      reason: z.string().nullable(),
      forced: z.boolean(),
      version: ApiVersion.nullable(),
    }),
  ),
});
export type GraphRecord = z.infer<typeof GraphRecord>;

export const OperationRecord = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  client: z.string(),
  name: z.string(),
  document: z.string(),
  requests: z.int(),
  lastSeen: z.string(),
});
export type OperationRecord = z.infer<typeof OperationRecord>;
