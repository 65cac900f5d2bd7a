import type { Change } from '../changes.ts';
import { SchemaComparison, type Subject } from '../json-schema/compare.ts';
import type { JsonSchema } from '../json-schema/document.ts';
import { stepsOf } from '../json-schema/document.ts';
import { bundled, type SchemaSide } from '../json-schema/validator.ts';
import { Dialect, type View } from './dialect.ts';
import type { OpenApi, SchemaAt } from './model.ts';

const SHARED = '/components/schemas';

/** The schemas of one description for documents of one way. */
export class Schemas {
  readonly #dialect: Dialect;
  readonly #known = new Map<string, JsonSchema>();

  constructor({ document, format }: Pick<OpenApi, 'document' | 'format'>, view: View) {
    this.#dialect = new Dialect(document, format, view);
  }

  side(at: SchemaAt): SchemaSide {
    const schema = this.#known.get(at.pointer) ?? this.#dialect.translated(at.schema);
    this.#known.set(at.pointer, schema);
    const { shared } = this.#dialect;
    return { dialect: '2020-12', root: { schema, pointer: at.pointer, shared, sharedPointer: SHARED } };
  }

  /** The schema with all that it refers to: a JSON Schema 2020-12 that stands by itself. */
  standalone(at: SchemaAt): JsonSchema {
    return bundled(this.side(at));
  }
}

/** Compares the schemas of two descriptions; what it learnt of shared ones is kept from one endpoint to the next. */
export class SchemaPairs {
  readonly #views: Record<View, { old: Schemas; next: Schemas; comparison: SchemaComparison }>;

  constructor(old: OpenApi, next: OpenApi) {
    const view = (way: View) => ({
      old: new Schemas(old, way),
      next: new Schemas(next, way),
      comparison: new SchemaComparison('2020-12', '2020-12'),
    });
    this.#views = { sent: view('sent'), received: view('received') };
  }

  /** What changed; where there is no schema everything is allowed. */
  compare(old: SchemaAt | undefined, next: SchemaAt | undefined, view: View, subject: Subject): Change[] {
    if (!old && !next) return [];
    const { old: before, next: after, comparison } = this.#views[view];
    // Whoever has none stands where the other's would.
    const [pointer, other] = [(next ?? old)?.pointer ?? '', (old ?? next)?.pointer ?? ''];
    const sides = [
      before.side(old ?? { schema: true, pointer: `${other}#none` }),
      after.side(next ?? { schema: true, pointer: `${pointer}#none` }),
    ] as const;
    return comparison
      .compare(...sides, subject)
      .map((change) => ({ ...change, pointer: placed(change.pointer) }));
  }

  /** A value that a schema of the old or the new description allows; undefined when none was found. */
  sample(side: 'old' | 'next', at: SchemaAt, view: View): unknown {
    const { [side]: schemas, comparison } = this.#views[view];
    return comparison.sample(side, schemas.side(at));
  }
}

/** What is referred to outside of the components goes by its reference as a name: its pointer is in the name. */
function placed(pointer: string): string {
  const bare = pointer.replace(/#none$/, '');
  if (!bare.startsWith(`${SHARED}/#`)) return bare;
  const [name = '', ...rest] = stepsOf(bare).slice(2);
  return [name.slice(1), ...rest.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');
}
