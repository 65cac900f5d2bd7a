import { createHash } from 'node:crypto';
import { canonical } from '#compatibility/json-schema/document.ts';
import { readResolved } from '../values/resolved.ts';
import type { PublicationRecord } from './schemas.ts';

/** A document as AppConfig hosts it. */
export interface PublishedDocument {
  text: string;
  bytes: number;
  hash: string;
}

/**
 * What holds for a service in an environment, by namespace and key, each with its version; of a secret that alone. Values
 * of tenants are not in it: their number has no bound. The same values have the same text.
 */
export async function documentOf({
  environment,
  service,
  namespaces,
}: Pick<PublicationRecord, 'environment' | 'service' | 'namespaces'>): Promise<PublishedDocument> {
  const entries = await Promise.all(
    namespaces.toSorted().map(async (namespace) => {
      const found = await readResolved({ namespace, environment, service });
      const values = found.map(({ key, secret, content, version }) => [
        key,
        secret || content.kind === 'secret' ? { secret: true, version } : { value: content.value, version },
      ]);
      return [namespace, Object.fromEntries(values)];
    }),
  );
  const text = canonical({ environment, service, namespaces: Object.fromEntries(entries) });
  return {
    text,
    bytes: Buffer.byteLength(text),
    hash: createHash('sha256').update(text).digest('hex').slice(0, 32),
  };
}
