import type { List } from '../operations/compile.ts';
import type { VersionChange } from '../schemas.ts';
import type { PartSchema, Surface } from '../surface/surface.ts';
import { changesOf, type Derived, type EndpointFindings } from './changes.ts';
import type { Finding } from './finding.ts';
import { findingsBetween } from './walk.ts';

/** What a person has to look at or to complete. */
export interface OpenChange {
  endpoint: string;
  list: List;
  pointer: string;
  reason: string;
}

export interface DerivedChanges {
  /** The oldest first, for compileChain. */
  changes: VersionChange[];
  /** Of each change how sure it is. */
  derived: Derived[];
  open: OpenChange[];
}

/** So many open places are told. */
const MOST_OPEN = 2_000;

/**
 * The changes from one version of an API to the next as far as they are mechanical: renamed and moved fields, defaults,
 * values of enumerations, what was wrapped or is nullable. The rest is told as open; nothing is made up.
 */
export function deriveChanges(older: Surface, newer: Surface): DerivedChanges {
  const open: OpenChange[] = [];
  const findings: EndpointFindings[] = [];
  for (const [endpoint, before] of older) {
    const after = newer.get(endpoint);
    if (!after) {
      open.push({ endpoint, list: 'request', pointer: '', reason: 'the newer version has no such endpoint' });
      continue;
    }
    const between = (list: List): Finding[] =>
      (['query', 'headers', 'body'] as const).flatMap((part) => {
        const [one, other] = [partOf(before[list], part), partOf(after[list], part)];
        if (!one && !other) return [];
        // Where nothing is said everything is allowed; of parameters there are none.
        const nothing = { schema: part === 'body' ? true : { type: 'object', properties: {} }, document: {} };
        const { found, open: places } = findingsBetween(one ?? nothing, other ?? nothing, list, part);
        open.push(...places.map((place) => ({ endpoint, list, ...place })));
        return found;
      });
    findings.push({
      endpoint,
      lists: { request: between('request'), response: between('response'), errors: between('errors') },
    });
  }
  return { ...changesOf(findings), open: open.slice(0, MOST_OPEN) };
}

const partOf = (
  parts: { body?: PartSchema; query?: PartSchema; headers?: PartSchema },
  part: 'body' | 'query' | 'headers',
): PartSchema | undefined => parts[part];
