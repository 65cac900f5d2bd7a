import type { ConfigurationKey, LayerName } from '../schemas.ts';

// Which layers a reader looks at, and which of two says the last word.

/** For whom something is resolved. */
export type Reader = LayerName;

/** What each name of a layer weighs: the order is tenant, service, environment, and then what holds for all. */
const weights = { tenant: 4, service: 2, environment: 1 } as const;
type Dimension = keyof typeof weights;
const dimensions: readonly Dimension[] = ['tenant', 'service', 'environment'];

/** How specific a layer is, 0 (for all) to 7 (one tenant of one service in one environment); no two layers of a reader are equal. */
export const specificity = (layer: Omit<LayerName, 'namespace'>): number =>
  dimensions.reduce((sum, one) => sum + (layer[one] === undefined ? 0 : weights[one]), 0);

/** The layers that say something to a reader, the most specific first: 1, 2, 4 or 8. */
export function layersOf(reader: Reader): LayerName[] {
  const known = dimensions.filter((one) => reader[one] !== undefined);
  let layers: LayerName[] = [{ namespace: reader.namespace }];
  for (const one of known) layers = layers.flatMap((layer) => [{ ...layer, [one]: reader[one] }, layer]);
  return layers.toSorted((a, b) => specificity(b) - specificity(a));
}

/** The layer of a value. */
export function layerOf({ namespace, service, environment, tenant }: ConfigurationKey): LayerName {
  return {
    namespace,
    ...(service === undefined ? {} : { service }),
    ...(environment === undefined ? {} : { environment }),
    ...(tenant === undefined ? {} : { tenant }),
  };
}

/** A layer in words: `tenant acme, service orders`. */
export const layerText = (layer: Omit<LayerName, 'namespace'>): string =>
  dimensions.flatMap((one) => (layer[one] === undefined ? [] : [`${one} ${layer[one]}`])).join(', ') ||
  'for all';

/** Which value is meant, in words. */
export const nameOf = ({ namespace, key, ...layer }: ConfigurationKey): string =>
  `${namespace}/${key} (${layerText(layer)})`;
