import { type Verdict, verdictOf } from '#compatibility/changes.ts';
import { checkVersion } from '#compatibility/contracts/compare.ts';
import { type Description, readDescription } from '#compatibility/descriptions.ts';
import { announcedElements, type Element } from '#compatibility/graphql/announced.ts';
import type { Graphql } from '#compatibility/graphql/kind.ts';
import { type BrokenOperation, brokenOperations } from '#compatibility/graphql/operations.ts';
import { composeSupergraph, type Supergraph } from '#compatibility/graphql/supergraph.ts';
import { clock } from '#platform/clock.ts';
import { Conflict, type TheseusError } from '#platform/errors.ts';
import { TooMany } from '../errors.ts';
import type { ApiRecord } from '../records.ts';
import { readApi } from '../registry/apis.ts';
import { comparisonOf, verdictOn } from '../registry/compare.ts';
import { tryVersion } from '../registry/examine.ts';
import { registerVersion } from '../registry/register.ts';
import { type ApiComparison, NewApiVersion } from '../registry/version-schemas.ts';
import { readUsage } from '../usage/read-usage.ts';
import { findGraph, readGraph, sdlOf, storeSdl, subgraphOf, writeGraph } from './graph-store.ts';
import { latestSchema, operationDays, operationsSince } from './operation-store.ts';
import type { GraphRecord, SubgraphEntry } from './records.ts';
import type { Publication, Strategy } from './schemas.ts';
import { refusalOf } from './strategies.ts';

const mostSubgraphs = 100;
const mostPublications = 50;
const mostBroken = 50;
const day = 86_400_000;

/** A change of one subgraph. */
export interface Edit {
  api: string;
  name: string;
  /** What it is to be; null: it goes. */
  to: { url: string | undefined; sdl: string } | null;
  strategy: Strategy;
  reason: string | undefined;
  force: boolean;
  version: string | undefined;
  by: string;
}

/** A publication before it is stored: all that was found out about it. */
interface Candidate {
  edit: Edit;
  api: ApiRecord;
  before: GraphRecord | undefined;
  composed: Supergraph;
  /** What it is registered as; undefined when clients see no difference. */
  given: NewApiVersion | undefined;
  comparison: ApiComparison | null;
  broken: BrokenOperation[];
  refusals: TheseusError[];
}

/** What a publication would find, and what it would be refused for; nothing is stored. Throws InvalidInput, NotFound. */
export async function tryPublication(edit: Edit): Promise<Publication> {
  return publicationOf(await examine(edit), false);
}

/**
 * Composes the supergraph anew and registers what clients see of it as the next version of the API. Throws InvalidInput
 * when the subgraphs do not compose, UnsafeSchemaChange when the strategy does not allow it, Conflict, TooMany, NotFound;
 * then nothing is stored. The same again finishes what was cut off.
 */
export async function publish(edit: Edit): Promise<{ publication: Publication; api: ApiRecord }> {
  const found = await examine(edit);
  const [refusal] = found.refusals;
  if (refusal !== undefined) throw refusal;
  await store(found);
  const api =
    found.given === undefined ? found.api : (await registerVersion(edit.api, found.given, edit.by)).api;
  return { publication: publicationOf(found, true), api };
}

async function examine(edit: Edit): Promise<Candidate> {
  const api = await readApi(edit.api);
  const old = await latestSchema(api);
  const before = edit.to === null ? await readGraph(edit.api) : await findGraph(edit.api);
  const composed = composeSupergraph(await subgraphsAfter(edit, before));
  const next = readDescription(composed.publicSdl, { kind: 'graphql', fileName: 'supergraph.graphql' });
  if (old === undefined) {
    const given = versionGiven(edit, api, undefined, verdictOf([], true), composed);
    return {
      edit,
      api,
      before,
      composed,
      given,
      comparison: null,
      broken: [],
      refusals: await tried(api, given),
    };
  }
  if (old.description.digest === next.digest) {
    // One that is not there may still have to be registered as gone, when a run before was cut off; else it never was.
    if (edit.to === null && before !== undefined) subgraphOf(before, edit.name);
    return { edit, api, before, composed, given: undefined, comparison: null, broken: [], refusals: [] };
  }
  return compared(edit, api, before, { composed, old, next });
}

interface Schemas {
  composed: Supergraph;
  old: { version: string; description: Graphql };
  next: Description;
}

async function compared(
  edit: Edit,
  api: ApiRecord,
  before: GraphRecord | undefined,
  { composed, old, next }: Schemas,
): Promise<Candidate> {
  const usage = await readUsage(api);
  const operations = await operationsSince(api.id, new Date(clock.now() - operationDays * day).toISOString());
  const verdict = verdictOn(api, old.description, next, usage);
  const broken = brokenOperations(operations, old.description.schema, composed.schema);
  const former = new Set(announcedElements(old.description.schema).map(elementKey));
  const unsafe = refusalOf({
    strategy: edit.strategy,
    force: edit.force,
    changes: verdict.changes,
    broken,
    deprecated: announcedElements(composed.schema).filter((one) => !former.has(elementKey(one))),
    operationsKnown: usage !== null,
    today: clock.iso().slice(0, 10),
  });
  const given = versionGiven(edit, api, old.version, verdict, composed);
  return {
    edit,
    api,
    before,
    composed,
    given,
    comparison: comparisonOf(api, old.version, given.version, verdict, usage),
    broken,
    refusals: unsafe === undefined ? await tried(api, given) : [unsafe],
  };
}

const elementKey = ({ type, field, argument }: Element) => JSON.stringify([type, field, argument]);

/** What the registration of the version would be refused for. */
const tried = async (api: ApiRecord, given: NewApiVersion): Promise<TheseusError[]> =>
  (await tryVersion(api.id, given)).refusals;

async function subgraphsAfter({ name, to, api }: Edit, before: GraphRecord | undefined) {
  const others = (before?.subgraphs ?? []).filter((one) => one.name !== name);
  if (to === null) {
    if (others.length === 0) {
      throw new Conflict(`${name} is the last subgraph of ${api}`, {
        evidence: { api, subgraph: name },
        action: 'An API that goes as a whole goes by a deprecation of its versions.',
      });
    }
  }
  if (others.length >= mostSubgraphs) {
    throw new TooMany(`${api} has ${others.length} subgraphs, at most ${mostSubgraphs} are possible`, {
      evidence: { api, limit: mostSubgraphs },
      action: 'Remove those that are no longer needed.',
    });
  }
  const kept = await Promise.all(
    others.map(async (one) => ({ name: one.name, url: one.url ?? undefined, sdl: await sdlOf(one) })),
  );
  const url = to?.url ?? before?.subgraphs.find((one) => one.name === name)?.url ?? undefined;
  return to === null ? kept : [...kept, { name, url, sdl: to.sdl }];
}

/** The version that the API gets: the one that is said, or the lowest that the changes demand, or today's date. */
function versionGiven(
  { version, name, reason }: Edit,
  { settings }: ApiRecord,
  latest: string | undefined,
  verdict: Verdict,
  { publicSdl }: Supergraph,
): NewApiVersion {
  const lowest = () => (latest === undefined ? '1.0.0' : checkVersion(latest, latest, verdict).demanded);
  const own = settings.versioning.scheme === 'semver' ? lowest() : clock.iso().slice(0, 10);
  return NewApiVersion.parse({
    version: version ?? own,
    description: publicSdl,
    fileName: `${name}.graphql`,
    reason,
  });
}

/** Writes the subgraphs as they are then. What is there already is left as it is. */
async function store({ edit, before, composed, given }: Candidate): Promise<void> {
  const { api, name, to, by } = edit;
  const former = before?.subgraphs.find((one) => one.name === name);
  const at = clock.iso();
  const sdl = to === null ? undefined : await storeSdl(api, 'subgraph', to.sdl);
  const url = to?.url ?? former?.url ?? null;
  if (former !== undefined && former.sdl.hash === sdl?.hash && former.url === url) return;
  const others = (before?.subgraphs ?? []).filter((one) => one.name !== name);
  const entry: SubgraphEntry[] = sdl === undefined ? [] : [{ name, url, sdl, updatedAt: at, updatedBy: by }];
  const published = {
    at,
    by,
    subgraph: name,
    strategy: edit.strategy,
    reason: edit.reason ?? null,
    forced: edit.force,
    version: given?.version ?? null,
  };
  const graph: GraphRecord = {
    schemaVersion: 1,
    api,
    revision: (before?.revision ?? 0) + 1,
    subgraphs: [...others, ...entry].sort((a, b) => (a.name < b.name ? -1 : 1)),
    supergraph: await storeSdl(api, 'supergraph', composed.supergraphSdl),
    publications: [published, ...(before?.publications ?? [])].slice(0, mostPublications),
  };
  await writeGraph(graph, before);
}

const publicationOf = (
  { edit, given, comparison, broken, refusals }: Candidate,
  published: boolean,
): Publication => ({
  api: edit.api,
  subgraph: edit.name,
  strategy: edit.strategy,
  version: given?.version ?? null,
  comparison,
  broken: broken.slice(0, mostBroken),
  refused: refusals.map(({ name, message }) => ({ name, message })),
  published,
});
