import { hash } from 'node:crypto';
import { readArtifact, writeArtifact } from '#platform/artifacts.ts';
import { Conflict, NotFound } from '#platform/errors.ts';
import { absent } from '#platform/records.ts';
import { artifactKeys } from '../documents/artifacts.ts';
import { keys, readItem, writeItem } from '../store.ts';
import { GraphRecord, type SubgraphEntry } from './records.ts';
import type { SubgraphView } from './schemas.ts';

export const findGraph = (api: string): Promise<GraphRecord | undefined> =>
  readItem(GraphRecord, keys.graph(api));

/** Throws NotFound. */
export async function readGraph(api: string): Promise<GraphRecord> {
  const found = await findGraph(api);
  if (found !== undefined) return found;
  throw new NotFound(`${api} has no subgraphs`, {
    evidence: { api },
    action: `Publish one with \`theseus api subgraph publish ${api} <name> <file>\`.`,
  });
}

/** Throws NotFound. */
export function subgraphOf({ api, subgraphs }: GraphRecord, name: string): SubgraphEntry {
  const found = subgraphs.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new NotFound(`${api} has no subgraph ${name}`, {
    evidence: { api, subgraph: name, subgraphs: subgraphs.map((one) => one.name) },
    action: `List them with \`theseus api subgraph list ${api}\`.`,
  });
}

/** Writes the graph, unless another publication came between since `before` was read. Throws Conflict. */
export async function writeGraph(graph: GraphRecord, before: GraphRecord | undefined): Promise<void> {
  const condition =
    before === undefined
      ? absent
      : { expression: 'revision = :revision', values: { ':revision': before.revision } };
  if (await writeItem(keys.graph(graph.api), graph, condition)) return;
  throw new Conflict(`Another subgraph of ${graph.api} was published in this moment`, {
    evidence: { api: graph.api },
    action: 'Repeat the request: it is composed and compared anew.',
  });
}

/** Keeps a schema under its hash, for good. */
export async function storeSdl(
  api: string,
  kind: 'subgraph' | 'supergraph',
  sdl: string,
): Promise<SubgraphEntry['sdl']> {
  const digest = hash('sha256', sdl);
  const key = artifactKeys[kind](api, digest);
  await writeArtifact(key, sdl, 'text/plain; charset=utf-8');
  return { key, hash: digest, bytes: Buffer.byteLength(sdl) };
}

export const sdlOf = ({ sdl }: { sdl: SubgraphEntry['sdl'] }): Promise<string> => readArtifact(sdl.key);

export const subgraphView = (api: string, { sdl, ...entry }: SubgraphEntry): SubgraphView => ({
  api,
  ...entry,
  hash: sdl.hash,
  bytes: sdl.bytes,
});
