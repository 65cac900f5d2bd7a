import { appConfigExtension } from '../reading/appconfig-extension.ts';
import { documentEndpoint } from '../reading/document-endpoint.ts';
import type { Feed, Part } from '../reading/feed.ts';
import { type FlagSource, flagSource } from '../reading/flag-source.ts';
import { keptInFile } from '../reading/kept-documents.ts';
import type { PlatformEndpoint } from './tracks.ts';

/** Flags as AppConfig has them: for services in the same account and Region. */
export interface AppConfigOptions {
  /** Id or name of the application: FLAGS_APPLICATION of the platform. */
  application: string;
  environment: string;
  /** `session` asks AppConfig from this process, `extension` asks AWS's extension beside it in Lambda. */
  by: 'session' | 'extension';
  /** How often a session asks, seconds: 15 or more. */
  pollSeconds?: number;
}

/** Flags as the platform answers them over HTTP, and where events are sent. */
export interface PlatformOptions extends PlatformEndpoint {
  /** How often it is asked for flags, ms. */
  pollMs?: number;
}

/** AppConfig is read where it is given, else the platform; feeds of one's own come before both. */
type From = { platform?: PlatformOptions; appConfig?: AppConfigOptions; feeds?: readonly Feed[] };

export type SourceOptions = From & {
  /** A file where the flags in force outlive the process, for example below os.tmpdir(). */
  file?: string;
  /** Flags that were not confirmed for so long are stale, ms. */
  staleAfterMs?: number;
  /** Longest wait for flags: of the start, and in Lambda of an evaluation where they are stale, ms. */
  budgetMs?: number;
  /**
   * Whether flags are asked for in the background. By default they are, but not on Lambda, where a process is frozen
   * between two invocations: there an evaluation begins it.
   */
  background?: boolean;
};

const profiles = (environment: string): { part: Part; profile: string }[] => [
  { part: 'flags', profile: environment },
  { part: 'killSwitches', profile: `${environment}-kill-switches` },
];

/** The SDK of AppConfigData is loaded where it is used only: it costs a cold start. */
function sessionLater(options: {
  application: string;
  profile: string;
  part: Part;
  pollSeconds: number;
}): Feed {
  let session: Feed | undefined;
  return {
    name: `AppConfig ${options.profile}`,
    parts: [options.part],
    intervalMs: options.pollSeconds * 1_000,
    async ask(cursor, signal) {
      if (session === undefined) {
        const { appConfigSession } = await import('../reading/appconfig-session.ts');
        session = appConfigSession(options);
      }
      return session.ask(cursor, signal);
    },
  };
}

function feedsOf({ application, environment, by, pollSeconds = 15 }: AppConfigOptions): Feed[] {
  return profiles(environment).map(({ part, profile }) =>
    by === 'session'
      ? sessionLater({ application, profile, part, pollSeconds })
      : appConfigExtension({ application, profile, part }),
  );
}

/** Opens where a provider has its flags from. Throws when neither AppConfig nor a platform is named. */
export function openSource(options: SourceOptions): {
  source: FlagSource;
  background: boolean;
  endpoint: PlatformEndpoint | undefined;
} {
  const { platform, appConfig, file, staleAfterMs } = options;
  const background = options.background ?? process.env.AWS_LAMBDA_FUNCTION_NAME === undefined;
  const feeds = options.feeds
    ? options.feeds
    : appConfig
      ? feedsOf(appConfig)
      : platform
        ? [documentEndpoint(platform)]
        : [];
  if (feeds.length === 0) throw new Error('Expected `platform` or `appConfig`: where the flags come from');
  const source = flagSource({
    feeds,
    kept: file === undefined ? undefined : keptInFile(file),
    staleAfterMs,
    budgetMs: options.budgetMs ?? (background ? 2_000 : 250),
  });
  return { source, background, endpoint: platform };
}
