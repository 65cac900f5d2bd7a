import {
  type Dialect,
  isObject,
  isSchema,
  type JsonSchema,
  pointerTo,
  stepsOf,
} from '../json-schema/document.ts';
import { isLocal } from '../json-schema/references.ts';
import type { SchemaSide } from '../json-schema/validator.ts';
import { schemaProblems } from '../json-schema/validity.ts';
import { target } from '../openapi/resolve.ts';
import type { Message, ValueAt } from './model.ts';

/** The dialect of a format whose schemas can be compared; undefined for others, such as Avro. */
export function dialectOfFormat(format: string | undefined): Dialect | undefined {
  if (format === undefined || /^application\/vnd\.aai\.asyncapi\b/.test(format)) return 'draft-07';
  if (!/^application\/schema\+(json|yaml)\b/.test(format)) return undefined;
  if (/version=draft-07\b/.test(format)) return 'draft-07';
  return /version="?(draft\/)?2020-12\b/.test(format) ? '2020-12' : undefined;
}

/** Keywords below which keys are names that users chose. */
const NAMED = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);
/** Keywords below which stand values, and no schemas. */
const VALUES = new Set(['enum', 'const', 'default', 'examples', 'example']);

/**
 * The schemas of one document as the engine takes them: what they refer to stands among shared definitions, each by the
 * pointer to it as a name.
 */
export class Schemas {
  readonly #document: Readonly<Record<string, unknown>>;
  readonly #shared: Record<string, JsonSchema> = Object.create(null);
  readonly #known = new Map<string, SchemaSide>();

  constructor(document: Readonly<Record<string, unknown>>) {
    this.#document = document;
  }

  side({ value, pointer }: ValueAt, dialect: Dialect): SchemaSide {
    const known = this.#known.get(pointer);
    if (known) return known;
    const translated = this.#translated(value);
    const schema = isSchema(translated) ? translated : true;
    const root = { schema, pointer, shared: this.#shared, sharedPointer: '/definitions' };
    const side = { dialect, root };
    this.#known.set(pointer, side);
    return side;
  }

  /** What keeps payloads and headers from being schemas that can be compared. */
  problems(messages: readonly Message[]): { pointer: string; detail: string }[] {
    const seen = new Set<string>();
    return messages.flatMap(({ payload, headers, schemaFormat }) =>
      [[payload, dialectOfFormat(schemaFormat)] as const, [headers, 'draft-07'] as const].flatMap(
        ([at, dialect]) => {
          if (!at || !dialect || seen.has(at.pointer)) return [];
          seen.add(at.pointer);
          if (!isSchema(at.value))
            return [{ pointer: at.pointer, detail: `Expected a schema, found ${JSON.stringify(at.value)}` }];
          const { root } = this.side(at, dialect);
          return schemaProblems(root.schema, root, dialect).map(({ pointer, detail }) => ({
            pointer: `${at.pointer}${pointer}`,
            detail,
          }));
        },
      ),
    );
  }

  #translated(value: unknown, named = false): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#translated(one));
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        if (!named && key === '$ref' && typeof one === 'string' && isLocal(one))
          return [key, this.#share(one)];
        if (!named && VALUES.has(key)) return [key, one];
        return [key, this.#translated(one, !named && NAMED.has(key))];
      }),
    );
  }

  /** The reference to the shared definition of what another one leads to. */
  #share(reference: string): string {
    const found = target(this.#document, reference);
    if (!found) return reference;
    if (!Object.hasOwn(this.#shared, found.pointer)) {
      // Before it is read, since it may lead back to itself.
      this.#shared[found.pointer] = true;
      const translated = this.#translated(found.value);
      if (isSchema(translated)) this.#shared[found.pointer] = translated;
    }
    return `#${pointerTo('/definitions', found.pointer)}`;
  }
}

/** Where in the document a change of a shared definition stands. */
export function placed(pointer: string): string {
  if (!pointer.startsWith('/definitions/')) return pointer.replace(/#none$/, '');
  const [, name = '', ...rest] = stepsOf(pointer);
  return pointerTo(name, ...rest);
}
