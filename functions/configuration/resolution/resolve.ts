import type { Content, Definition, LayerName, StoredValue } from '../schemas.ts';

// Layers to values: what holds for a reader, and what each layer says to it.

/** What one layer says of a key. */
export interface Said {
  layer: LayerName;
  /** The value there, a deleted one included; undefined where there never was one. */
  value: StoredValue | undefined;
}

/** A key as it holds for a reader. */
export interface Resolved {
  key: string;
  /** Whether its content may not be shown. */
  secret: boolean;
  content: Content;
  /** Of the stored value; null where the default of its definition holds. */
  version: number | null;
  from: LayerName | 'default';
  /** Every layer that was looked at, the most specific first. */
  said: readonly Said[];
}

type Known = Pick<Definition, 'secret' | 'default'> | undefined;

/**
 * What holds of one key: the first layer with a value, else the default of its definition; undefined where nobody says
 * anything. `said` has the most specific layer first. A deleted value says nothing.
 */
export function resolveKey(key: string, said: readonly Said[], definition: Known): Resolved | undefined {
  const secret = definition?.secret === true || said.some(({ value }) => value?.content?.kind === 'secret');
  for (const { layer, value } of said) {
    const content = value?.content ?? null;
    if (value !== undefined && content !== null)
      return { key, secret, content, version: value.version, from: layer, said };
  }
  if (definition?.default === undefined) return undefined;
  return {
    key,
    secret,
    content: { kind: 'plain', value: definition.default },
    version: null,
    from: 'default',
    said,
  };
}

/**
 * All that holds for a reader, by key. `layers` has the most specific first and `stored` the values of each; keys whose
 * layers and definition say nothing are left out.
 */
export function resolveAll(
  layers: readonly LayerName[],
  stored: readonly (readonly StoredValue[])[],
  definitions: readonly Definition[],
): Resolved[] {
  const values = stored.map((all) => new Map(all.map((value) => [value.key, value])));
  const defined = new Map(definitions.map((definition) => [definition.key, definition]));
  const names = new Set([...defined.keys(), ...values.flatMap((all) => [...all.keys()])]);
  return [...names].toSorted().flatMap((key) => {
    const said = layers.map((layer, at) => ({ layer, value: values[at]?.get(key) }));
    return resolveKey(key, said, defined.get(key)) ?? [];
  });
}
