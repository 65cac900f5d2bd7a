import { hash } from 'node:crypto';
import { canonical, isObject, type JsonSchema, schemaText } from './document.ts';
import type { Root } from './references.ts';

/** What one schema says in its own words, and which shared definitions it speaks of. */
interface Words {
  text: string;
  names: readonly string[];
  /** It refers to something that is no shared definition: then its words alone do not say what it means. */
  own: boolean;
}

const SHARED = '#/definitions/';
const words = new WeakMap<object, Words>();

/**
 * Whether schemas of two documents say the same in the same words, the definitions that they speak of included. It reads
 * each schema once, however often it is used and however its definitions lead back to one another: what it does not find
 * equal may still mean the same.
 */
export class Sameness {
  readonly #untouched = new Map<string, boolean>();

  same(a: Pick<Located, 'schema' | 'root'>, b: Pick<Located, 'schema' | 'root'>): boolean {
    if (hasOwnDefinitions(a.root) || hasOwnDefinitions(b.root)) return false;
    if (typeof a.schema === 'boolean' || typeof b.schema === 'boolean') return a.schema === b.schema;
    const [one, other] = [wordsOf(a.schema), wordsOf(b.schema)];
    if (one.own || other.own || one.text !== other.text) return false;
    return one.names.every((name) => this.#isUntouched(name, a.root.shared, b.root.shared));
  }

  #isUntouched(name: string, a: Root['shared'], b: Root['shared']): boolean {
    const known = this.#untouched.get(name);
    if (known !== undefined) return known;
    const seen = new Set([name]);
    for (const one of seen) {
      const answer = this.#untouched.get(one);
      if (answer === true) continue;
      const names = answer === false ? undefined : equalWords(one, a, b);
      if (!names) {
        this.#untouched.set(name, false);
        return false;
      }
      for (const next of names) seen.add(next);
    }
    // All that it leads to is untouched, too.
    for (const one of seen) this.#untouched.set(one, true);
    return true;
  }
}

type Located = { schema: JsonSchema; root: Root };

/** Which definitions a shared one speaks of; undefined when the two sides differ in it. */
function equalWords(name: string, a: Root['shared'], b: Root['shared']): readonly string[] | undefined {
  const [one, other] = [definition(a, name), definition(b, name)];
  if (one === undefined || other === undefined) return undefined;
  if (typeof one === 'boolean' || typeof other === 'boolean') return one === other ? [] : undefined;
  const [first, second] = [wordsOf(one), wordsOf(other)];
  return !first.own && !second.own && first.text === second.text ? first.names : undefined;
}

const definition = (shared: Root['shared'], name: string): JsonSchema | undefined =>
  Object.hasOwn(shared, name) ? shared[name] : undefined;

const hasOwnDefinitions = ({ schema }: Root) =>
  typeof schema !== 'boolean' && (isObject(schema.definitions) || isObject(schema.$defs));

function wordsOf(schema: Record<string, unknown>): Words {
  const known = words.get(schema);
  if (known) return known;
  const names = new Set<string>();
  let own = false;
  const text = schemaText(schema, (reference) => {
    if (reference.startsWith(SHARED)) names.add(nameIn(reference));
    else if (reference.startsWith('#')) own = true;
    return undefined;
  });
  const found = { text, names: [...names], own };
  words.set(schema, found);
  return found;
}

/** The definition that a reference such as `#/definitions/a~1b/properties/c` begins with. */
function nameIn(reference: string): string {
  const [encoded = ''] = reference.slice(SHARED.length).split('/');
  const name = encoded.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The names of the shared definitions that a schema leads to, at once or by others. */
export function reachable(schema: JsonSchema, shared: Root['shared']): Set<string> {
  const found = new Set<string>();
  const add = (one: JsonSchema) => {
    if (typeof one !== 'boolean') for (const name of wordsOf(one).names) found.add(name);
  };
  add(schema);
  for (const name of found) {
    const one = definition(shared, name);
    if (one === undefined) found.delete(name);
    else add(one);
  }
  return found;
}

/** A text that is equal for a schema of the same words all of whose definitions have the same names and words. */
export function digestOf(value: unknown, root: Root): string {
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  // References that are none to shared definitions lead into the schema itself.
  const own = isObject(root.schema) ? [canonical(root.schema)] : [];
  const names = [...reachable(value, root.shared)].sort();
  const texts = names.map((name) => {
    const one = root.shared[name];
    return `${name} ${typeof one === 'object' ? wordsOf(one).text : one}`;
  });
  return hash('sha256', [wordsOf(value).text, ...own, ...texts].join('\n'));
}

/** The words of a schema and of all definitions that it leads to, if they are more than `least` characters. */
export function wordsOfAll({ schema, shared }: Root, least: number): string | undefined {
  if (typeof schema === 'boolean') return undefined;
  const names = [...reachable(schema, shared)];
  const texts = names.map((name) => {
    const one = shared[name];
    return typeof one === 'object' ? wordsOf(one).text : '';
  });
  const all = [wordsOf(schema).text, ...texts];
  return all.reduce((sum, { length }) => sum + length, 0) > least ? all.join('\n') : undefined;
}
