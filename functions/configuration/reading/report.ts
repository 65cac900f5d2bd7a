import type { ConfigurationDocument } from './document.ts';
import { ask, type Platform, type Reader } from './fetch-document.ts';

/** What a service says of what it has in force, for drift and for the health of updates. */
export interface Report {
  document: ConfigurationDocument;
  /** Keys whose new value it could not put in force. */
  failed: readonly string[];
}

/**
 * Tells the platform what one instance has in force. Throws ConfigurationUnavailable when it cannot be reached; what
 * it answers does not matter to the service.
 */
export async function sendReport(
  platform: Platform,
  { namespace, environment, service, tenant }: Reader,
  instance: string,
  { document, failed }: Report,
): Promise<void> {
  const versions = Object.fromEntries(
    [...document.entries.values()].flatMap(({ key, version }) =>
      version === null ? [] : [[`${namespace}/${key}`, version]],
    ),
  );
  const body = {
    service,
    instance,
    environment,
    ...(tenant === undefined ? {} : { tenant }),
    versions,
    failed: failed.map((key) => `${namespace}/${key}`),
  };
  await ask(platform, '/configuration/reports', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
