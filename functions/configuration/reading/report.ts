import type { ConfigurationDocument } from './document.ts';
import { ask, type Platform, type Reader } from './fetch-document.ts';

/** What a service says of what it has in force, for drift and for the health of updates. */
export interface Report {
  document: ConfigurationDocument;
  /** Keys whose new value it could not put in force, and why. */
  failed: ReadonlyMap<string, string>;
}

/** What the platform takes in one report. */
const mostKeys = 1_000;
const mostFailed = 50;

/**
 * Tells the platform what one instance has in force. Throws ConfigurationUnavailable when it cannot be reached; what
 * it answers does not matter to the service.
 */
export async function sendReport(
  platform: Platform,
  { namespace, environment, service, tenant }: Reader,
  instance: string,
  { document, failed }: Report,
  signal: AbortSignal,
): Promise<void> {
  const entries = [...document.entries.values()].slice(0, mostKeys);
  const versions = Object.fromEntries(
    entries.map(({ key, version }) => [`${namespace}/${key}`, version ?? 0]),
  );
  const body = {
    service,
    instance,
    environment,
    ...(tenant === undefined ? {} : { tenant }),
    // Whoever asked for the same says the same by it, also where a report has no room for all keys.
    ...(document.etag === '' ? {} : { namespace, etag: document.etag.slice(0, 200) }),
    versions,
    failed: [...failed].slice(0, mostFailed).map(([key, message]) => {
      const version = document.entries.get(key)?.version ?? 0;
      return { key: `${namespace}/${key}`, version, message: message.slice(0, 500) };
    }),
  };
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  };
  // A body that nobody reads would keep its connection.
  await ask(platform, '/configuration/reports', init, async (answer) => answer.body?.cancel());
}
