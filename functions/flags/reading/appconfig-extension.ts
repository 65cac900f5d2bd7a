import { type AppConfigProfile, emptyDocument, type Feed, jsonOrText } from './feed.ts';

export interface ExtensionOptions extends AppConfigProfile {
  /** Where the extension listens: AWS_APPCONFIG_EXTENSION_HTTP_PORT. */
  port?: number | undefined;
  /** How often it is asked, ms: it answers from its own memory, and asks AppConfig by itself. */
  pollMs?: number | undefined;
}

/**
 * One profile of AppConfig from AWS's own extension in the same execution environment of Lambda. Where kill switches
 * were never deployed there are none.
 */
export function appConfigExtension({
  application,
  profile,
  part,
  port = 2_772,
  pollMs = 5_000,
}: ExtensionOptions): Feed {
  const [app, name] = [application, profile].map(encodeURIComponent);
  const address = `http://localhost:${port}/applications/${app}/environments/${name}/configurations/${name}`;
  return {
    name: `AppConfig ${profile} by its extension`,
    parts: [part],
    intervalMs: pollMs,
    async ask(cursor, signal) {
      const response = await fetch(address, { signal });
      const version = response.headers.get('configuration-version') ?? undefined;
      const text = await response.text();
      if (response.status === 404 && part === 'killSwitches') return { documents: { [part]: emptyDocument } };
      if (response.status !== 200) throw new Error(`answered ${response.status}: ${text.slice(0, 200)}`);
      if (version !== undefined && version === cursor) return { cursor };
      return { documents: { [part]: jsonOrText(text) }, revision: version, cursor: version };
    },
  };
}
