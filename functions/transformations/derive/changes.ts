import { canonical } from '#compatibility/json-schema/document.ts';
import type { List } from '../operations/compile.ts';
import type { Operation, VersionChange } from '../schemas.ts';
import type { Finding, Sureness } from './finding.ts';

/** Findings of one endpoint, by list, in the order in which they are done. */
export interface EndpointFindings {
  endpoint: string;
  lists: Readonly<Record<List, readonly Finding[]>>;
}

/** How sure a change is, and by what. */
export interface Derived {
  id: string;
  sure: Sureness;
  why: string;
}

interface Unit {
  operation: Operation;
  lists: Set<List>;
  sure: Sureness;
  why: string;
}

interface Shared extends Unit {
  key: string;
  endpoints: string[];
}

const ORDER: readonly Sureness[] = ['guess', 'likely', 'certain'];
const LISTS: readonly List[] = ['request', 'response', 'errors'];

/** One change for each operation, with all endpoints at which it is the same, in an order that is right at each of them. */
export function changesOf(all: readonly EndpointFindings[]): {
  changes: VersionChange[];
  derived: Derived[];
} {
  const shared: Shared[] = [];
  for (const { endpoint, lists } of all) {
    // Each is looked for behind the one before: so the order of every endpoint is kept.
    let from = 0;
    for (const unit of unitsOf(lists)) {
      const key = `${[...unit.lists].join()} ${canonical(unit.operation)}`;
      const at = shared.findIndex((one, index) => index >= from && one.key === key);
      const known = shared[at];
      if (known) {
        known.endpoints.push(endpoint);
        known.sure = lessSure(known.sure, unit.sure);
        from = at + 1;
      } else {
        shared.splice(from, 0, { ...unit, key, endpoints: [endpoint] });
        from++;
      }
    }
  }
  const ids = new Set<string>();
  const named = shared.map((one) => ({ ...one, id: freshId(one.operation, ids) }));
  return {
    changes: named.map(({ id, operation, endpoints, lists }) => ({
      id,
      description: described(operation),
      endpoints,
      ...Object.fromEntries(LISTS.flatMap((list) => (lists.has(list) ? [[list, [operation]]] : []))),
    })),
    derived: named.map(({ id, sure, why }) => ({ id, sure, why })),
  };
}

/** The operations of an endpoint, each once where several lists have the same one at the same point. */
function unitsOf(lists: Readonly<Record<List, readonly Finding[]>>): Unit[] {
  const units: (Unit & { key: string })[] = [];
  for (const list of LISTS) {
    let from = 0;
    for (const { operation, sure, why } of lists[list]) {
      const key = canonical(operation);
      const at = units.findIndex((one, index) => index >= from && one.key === key && !one.lists.has(list));
      const known = units[at];
      if (known) {
        known.lists.add(list);
        known.sure = lessSure(known.sure, sure);
        from = at + 1;
      } else {
        units.splice(from, 0, { key, operation, lists: new Set([list]), sure, why });
        from++;
      }
    }
  }
  return units;
}

const lessSure = (one: Sureness, other: Sureness): Sureness =>
  ORDER.indexOf(one) < ORDER.indexOf(other) ? one : other;

function freshId(operation: Operation, taken: Set<string>): string {
  const place =
    'from' in operation && operation.op === 'move' ? operation.from : 'at' in operation ? operation.at : '';
  const slug = `${operation.op}-${place}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 80)
    .replaceAll(/-+$/g, '');
  let id = slug;
  for (let number = 2; taken.has(id); number++) id = `${slug}-${number}`;
  taken.add(id);
  return id;
}

function described(operation: Operation): string {
  switch (operation.op) {
    case 'rename':
      return `${operation.at} is called ${operation.to}.`;
    case 'move':
      return `${operation.from} stands at ${operation.to}.`;
    case 'add':
      return `${operation.at} is new.`;
    case 'remove':
      return `${operation.at} is gone.`;
    case 'map':
      return `Values of ${operation.at} have other names: ${operation.values.map(([one, other]) => `${one} is ${other}`).join(', ')}.`.slice(
        0,
        2_000,
      );
    case 'wrap':
      return `${operation.at || 'The document'} is ${operation.as === 'array' ? 'a list' : 'an object'}.`;
    case 'unwrap':
      return `${operation.at || 'The document'} is the value itself and no ${operation.from === 'array' ? 'list' : 'object'}.`;
    case 'convert':
      return `${operation.at} is a ${operation.to} and no ${operation.from}.`;
    case 'fill':
      return `${operation.at} may ${operation.going === 'up' ? 'no longer' : 'now'} be ${operation.found}.`;
    default:
      return `${operation.op} was derived.`;
  }
}
