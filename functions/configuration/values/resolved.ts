import { PayloadTooLarge } from '#platform/errors.ts';
import { findDefinition, readDefinitions } from '../keys/definitions.ts';
import { layersOf, layerText, type Reader } from '../resolution/layers.ts';
import { type Resolved, resolveAll, resolveKey, type Said } from '../resolution/resolve.ts';
import { limits } from '../schemas.ts';
import { readLayers, readValue } from './store.ts';

/** All that holds for a reader, by key: a query for each of its layers, and one for the definitions. Throws PayloadTooLarge. */
export async function readResolved(reader: Reader): Promise<Resolved[]> {
  const [definitions, stored] = await Promise.all([readDefinitions(reader.namespace), readLayers(reader)]);
  return resolveAll(layersOf(reader), stored, definitions);
}

/** What every layer says of one key to a reader, and what holds; `resolved` is undefined where nobody says anything. */
export async function readExplained(
  reader: Reader,
  key: string,
): Promise<{ said: Said[]; resolved: Resolved | undefined }> {
  const layers = layersOf(reader);
  const [definition, ...values] = await Promise.all([
    findDefinition(reader.namespace, key),
    ...layers.map((layer) => readValue({ ...layer, key })),
  ]);
  const said = layers.map((layer, at) => ({ layer, value: values[at] }));
  return { said, resolved: resolveKey(key, said, definition) };
}

/** Throws PayloadTooLarge for a body that no Lambda may answer with. */
export function assertAnswerable(body: unknown, reader: Reader): void {
  const bytes = Buffer.byteLength(JSON.stringify(body));
  if (bytes <= limits.documentBytes) return;
  throw new PayloadTooLarge(
    `${reader.namespace} (${layerText(reader)}) resolves to ${bytes} bytes, at most ${limits.documentBytes} are answered`,
    {
      evidence: { bytes, limit: limits.documentBytes },
      action: 'Move large values into a namespace of their own.',
    },
  );
}
