import { InvalidInput } from '#platform/errors.ts';
import { TransformationFailed, type Way } from './errors.ts';
import { Misfit } from './misfit.ts';
import {
  type CompiledOperation,
  compileOperation,
  type List,
  type Programs,
  type TransformedDocument,
} from './operations/compile.ts';
import { pointerOf } from './pointers.ts';
import { programsFor } from './programs/programs.ts';
import type { Operation, RequestDocument, ResponseDocument, VersionChange } from './schemas.ts';

/** The changes between an older version and the newest one, ready to run. */
export interface Chain {
  /**
   * A request of the older version as the newest one has it. Nothing of `document` is changed; what is not touched is shared.
   * @throws TransformationFailed where the document does not fit a change.
   */
  request(endpoint: string, document: RequestDocument): RequestDocument;
  /** An answer of the newest version as the older one has it; from status 400 on the operations of errors are meant. Throws as `request`. */
  response(endpoint: string, document: ResponseDocument): ResponseDocument;
  /** Whether anything would be done at all: what need not be read can be passed through. */
  touches(endpoint: string): { request: boolean; response: boolean; errors: boolean };
  /** Gives back what its programs hold. The chain is not used afterwards. */
  dispose(): void;
}

export interface ChainOptions {
  /** Monotonic milliseconds, by which programs are ended that take too long. */
  now: () => number;
}

/** An operation of a change, ready to run. */
export interface Step {
  change: string;
  operation: Operation;
  compiled: CompiledOperation;
}

type Lists = Record<List, Step[]>;

/**
 * Compiles changes, the oldest first, into a chain. `endpoint` is a key as `GET /orders/{}` everywhere.
 * @throws InvalidInput naming the change whose program cannot be compiled.
 */
export async function compileChain(changes: readonly VersionChange[], { now }: ChainOptions): Promise<Chain> {
  const programs = await programsFor(changes, now);
  try {
    return chainOf(changes, programs);
  } catch (error) {
    programs.dispose();
    throw error;
  }
}

function chainOf(changes: readonly VersionChange[], programs: Programs & { dispose(): void }): Chain {
  const known = new Map<string, Lists>();
  const compiled = changes.map((change) => ({ change, lists: listsOf(change, programs) }));
  const listsFor = (endpoint: string | undefined): Lists => {
    const own = compiled.filter(
      ({ change: { endpoints } }) =>
        endpoints === 'all' || (endpoint !== undefined && endpoints.includes(endpoint)),
    );
    const undone = (list: List) => own.flatMap(({ lists }) => lists[list]).reverse();
    return {
      request: own.flatMap(({ lists }) => lists.request),
      response: undone('response'),
      errors: undone('errors'),
    };
  };
  for (const { endpoints } of changes) {
    if (endpoints === 'all') continue;
    for (const endpoint of endpoints) if (!known.has(endpoint)) known.set(endpoint, listsFor(endpoint));
  }
  const others = listsFor(undefined);
  const of = (endpoint: string) => known.get(endpoint) ?? others;
  return {
    request: (endpoint, document) => run(of(endpoint).request, 'up', document),
    response: (endpoint, document) =>
      run(of(endpoint)[document.status >= 400 ? 'errors' : 'response'], 'down', document),
    touches: (endpoint) => {
      const { request, response, errors } = of(endpoint);
      return { request: request.length > 0, response: response.length > 0, errors: errors.length > 0 };
    },
    dispose: programs.dispose,
  };
}

/** The operations of one change by list, in the order in which they are written. */
export function listsOf(change: VersionChange, programs: Programs): Lists {
  const compiled = (list: List): Step[] =>
    (change[list] ?? []).map((operation, at) => {
      try {
        return { change: change.id, operation, compiled: compileOperation(operation, list, programs) };
      } catch (error) {
        throw error instanceof InvalidInput ? placed(error, change.id, `/${list}/${at}`) : error;
      }
    });
  return { request: compiled('request'), response: compiled('response'), errors: compiled('errors') };
}

function placed(error: InvalidInput, change: string, prefix: string): InvalidInput {
  return new InvalidInput(`The change ${change} cannot be compiled: ${error.message}`, {
    problems: error.problems.map(({ pointer, detail }) => ({ pointer: prefix + pointer, detail })),
    action: error.action ?? 'Correct the change.',
  });
}

/** Runs the steps one way. @throws TransformationFailed */
export function run<D extends TransformedDocument>(steps: readonly Step[], way: Way, document: D): D {
  let current: TransformedDocument = document;
  for (const { change, compiled } of steps) {
    try {
      current = step(compiled, way, current);
    } catch (error) {
      throw failureOf(error, change, compiled.part, way);
    }
  }
  // Each step answers with the kind of document that it was given.
  return current as D;
}

function step(compiled: CompiledOperation, way: Way, document: TransformedDocument): TransformedDocument {
  if (compiled.part === 'document') return compiled[way]?.(document) ?? document;
  const edit = compiled[way];
  if (!edit) return document;
  const { part } = compiled;
  const before = partOf(document, part);
  const after = edit(before);
  return after === before ? document : { ...document, [part]: after };
}

function partOf(document: TransformedDocument, part: 'body' | 'query' | 'headers' | 'status'): unknown {
  if (part === 'body') return document.body;
  if (part === 'headers') return document.headers;
  if (part === 'query') return 'query' in document ? document.query : undefined;
  return 'status' in document ? document.status : undefined;
}

function failureOf(error: unknown, change: string, part: string, way: Way): TransformationFailed {
  const steps = error instanceof Misfit ? error.steps : [];
  const pointer = pointerOf(part === 'body' || part === 'document' ? steps : [part, ...steps]);
  const reason = error instanceof Error ? error.message : String(error);
  return new TransformationFailed({ change, pointer, way, reason }, { cause: error });
}

/** The versions of an API, the oldest first, with what leads from each to the next newer one. */
export interface VersionWithChanges {
  version: string;
  changes: readonly VersionChange[];
}

/**
 * What leads from `older` up to `newer`, for compileChain; none when they are the same.
 * @throws InvalidInput for a version that is not there, or for two in the wrong order.
 */
export function changesBetween(
  versions: readonly VersionWithChanges[],
  older: string,
  newer: string,
): VersionChange[] {
  const indexOf = (version: string) => {
    const found = versions.findIndex((one) => one.version === version);
    if (found >= 0) return found;
    const known = versions.map((one) => one.version).join(', ');
    throw new InvalidInput(`Expected one of the versions ${known}, found ${version}`, {
      action: 'Name a version of this API.',
    });
  };
  const [from, to] = [indexOf(older), indexOf(newer)];
  if (from > to)
    throw new InvalidInput(`Expected versions in order, found ${older}, which is newer than ${newer}`, {
      action: 'Name the older version first.',
    });
  return versions.slice(from, to).flatMap(({ changes }) => changes);
}
