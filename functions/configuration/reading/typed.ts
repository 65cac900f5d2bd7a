import type { z } from 'zod';
import type { ConfigurationDocument, JsonValue } from './document.ts';

/** A value in force does not have the form that the service's schema asks for. Its value is not told. */
export class ConfigurationMisfit extends Error {
  override readonly name = 'ConfigurationMisfit';
  readonly key: string;

  constructor(key: string, problem: string) {
    super(`${key} does not fit: ${problem}`);
    this.key = key;
  }
}

export type Schemas = Readonly<Record<string, z.ZodType>>;

/** Keys with the types of their schemas. */
export interface TypedConfiguration<S extends Schemas> {
  /** The last value that fitted. */
  get: <K extends keyof S & string>(key: K) => z.output<S[K]>;
  /** Calls back when another value that fits is in force; returns what ends that. */
  watch: <K extends keyof S & string>(
    key: K,
    callback: (value: z.output<S[K]>, before: z.output<S[K]>) => void,
  ) => () => void;
}

interface Held {
  /** What was parsed, as text: the same text is not parsed again. */
  text: string | undefined;
  value: unknown;
  fits: boolean;
}

const textOf = (value: JsonValue | undefined): string | undefined => JSON.stringify(value);

/** What is wrong, without the value: messages of schemas name what was expected. */
const problemOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');

/**
 * Values by schema: each document is checked as it comes; a value that does not fit leaves the last good one in force
 * and is told to `onMisfit`. `accept` takes the next document; it throws ConfigurationMisfit for a value that does not
 * fit where no good one came before.
 */
export function typedConfiguration<S extends Schemas>(
  schemas: S,
  {
    onMisfit,
    onFit,
    safely,
  }: {
    onMisfit: (misfit: ConfigurationMisfit) => void;
    onFit: (key: string) => void;
    /** Runs a callback of the service's; what it throws harms nobody else. */
    safely: (callback: () => void) => void;
  },
): { view: TypedConfiguration<S>; accept: (document: ConfigurationDocument) => void } {
  const held = new Map<string, Held>();
  const watchers = new Set<{ key: string; callback: (value: unknown, before: unknown) => void }>();

  function take(key: string, schema: z.ZodType, value: JsonValue | undefined): void {
    const former = held.get(key);
    const text = textOf(value);
    if (former !== undefined && former.text === text) return;
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const misfit = new ConfigurationMisfit(key, problemOf(parsed.error));
      if (former === undefined) throw misfit;
      held.set(key, { ...former, text, fits: false });
      onMisfit(misfit);
      return;
    }
    held.set(key, { text, value: parsed.data, fits: true });
    if (former?.fits === false) onFit(key);
    if (former === undefined || textOfAny(former.value) === textOfAny(parsed.data)) return;
    for (const watcher of [...watchers])
      if (watcher.key === key) safely(() => watcher.callback(parsed.data, former.value));
  }

  return {
    accept(document) {
      for (const [key, schema] of Object.entries(schemas))
        take(key, schema, document.entries.get(key)?.value);
    },
    view: {
      get<K extends keyof S & string>(key: K) {
        if (!Object.hasOwn(schemas, key)) throw new Error(`${key} is not among the keys of this view`);
        // What the schema of this key parsed.
        return held.get(key)?.value as z.output<S[K]>;
      },
      watch<K extends keyof S & string>(
        key: K,
        callback: (value: z.output<S[K]>, before: z.output<S[K]>) => void,
      ) {
        // Only values that this key's schema parsed are given to it.
        const watcher = { key, callback: callback as (value: unknown, before: unknown) => void };
        watchers.add(watcher);
        return () => void watchers.delete(watcher);
      },
    },
  };
}

/** Parsed values may hold what JSON does not know; two that are written alike count as the same. */
const textOfAny = (value: unknown): string | undefined =>
  JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner));
