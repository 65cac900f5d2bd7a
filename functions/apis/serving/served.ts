import { z } from 'zod';
import type { Description } from '#compatibility/descriptions.ts';
import { JsonSchema } from '#compatibility/json-schema/document.ts';
import { readArtifact, writeArtifact } from '#platform/artifacts.ts';
import { artifactKeys } from '../documents/artifacts.ts';
import type { VersionRecord } from '../records.ts';
import { requestSchemasOf } from './request-schemas.ts';

/** What the gateway is told of a description: made once, when a version is registered. */
const Served = z.object({
  /** `GET /orders/{}`: by which usage is counted. */
  endpoints: z.array(z.string()).default([]),
  /** What JSON bodies of requests are held against, by endpoint; absent: nothing is. */
  requestSchemas: z.record(z.string(), JsonSchema).optional(),
  /** Of GraphQL: its SDL. */
  schema: z.string().optional(),
});
export type Served = z.infer<typeof Served>;

/** The gateway keeps so many; requests to others are counted all the same, by paths without what looks like an id. */
const mostEndpoints = 5_000;

function servedOf(description: Description, validateRequests: boolean): Served {
  if (description.kind === 'graphql') return { endpoints: [], schema: description.sdl };
  if (description.kind !== 'openapi') return { endpoints: [] };
  return {
    endpoints: [...description.endpoints.keys()].slice(0, mostEndpoints),
    ...(validateRequests ? { requestSchemas: requestSchemasOf(description) } : {}),
  };
}

/** Keeps what the gateway is told of a description. */
export async function storeServed(
  api: string,
  description: Description,
  validateRequests: boolean,
): Promise<VersionRecord['served']> {
  const key = artifactKeys.served(api, description.digest, validateRequests);
  await writeArtifact(key, JSON.stringify(servedOf(description, validateRequests)), 'application/json');
  return { key };
}

export const readServed = async ({ served }: VersionRecord): Promise<Served> =>
  Served.parse(JSON.parse(await readArtifact(served.key)));
