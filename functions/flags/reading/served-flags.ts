import { appConfigData } from '#platform/appconfig-clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import type { InvocationLogger } from '#platform/telemetry.ts';
import { readEnvironment } from '../environments/environments.ts';
import type { FlagSet } from '../evaluation/compile.ts';
import { endedDeployments } from '../publishing/ended.ts';
import { readKillSwitches } from '../publishing/kill-switches.ts';
import { appConfigSession } from './appconfig-session.ts';
import type { Documents } from './documents.ts';
import { type FlagSource, flagSource } from './flag-source.ts';
import { restartedSession } from './restarted-session.ts';
import { storedKillSwitches } from './stored-kill-switches.ts';

/** Environments that a function remembers; the one asked for longest ago goes first. */
const mostEnvironments = 50;

// A source belongs to the client through which it asks: a platform that starts anew in the same process has others.
const sources = new WeakMap<object, Map<string, FlagSource>>();

function remembered(): Map<string, FlagSource> {
  const client = appConfigData();
  const known = sources.get(client) ?? new Map<string, FlagSource>();
  sources.set(client, known);
  return known;
}

async function sourceOf(environment: string): Promise<FlagSource> {
  const known = remembered();
  const found = known.get(environment);
  if (found !== undefined) {
    // Maps keep the order of insertion: what was asked for last is last.
    known.delete(environment);
    known.set(environment, found);
    return found;
  }
  await readEnvironment(environment);
  const source = flagSource({
    feeds: [
      restartedSession(
        appConfigSession({
          application: environmentVariable('FLAGS_APPLICATION'),
          profile: environment,
          part: 'flags',
          missing: 'empty',
        }),
        () => endedDeployments(environment),
      ),
      storedKillSwitches(environment, readKillSwitches),
    ],
    budgetMs: 2_000,
    timeoutMs: 5_000,
  });
  // Two requests may have come here: the first one's source stays.
  const first = known.get(environment);
  if (first !== undefined) return first;
  known.set(environment, source);
  const [oldest] = known.keys();
  if (known.size > mostEnvironments && oldest !== undefined) {
    known.get(oldest)?.close();
    known.delete(oldest);
  }
  return source;
}

/**
 * The flags of an environment as the platform itself evaluates and hands them out: those that are deployed, and the kill
 * switches of this second. While AppConfig or the table is away what was last known holds. Throws NotFound, and
 * ServiceUnavailable where nothing is known.
 */
export async function servedFlags(
  environment: string,
  logger: Pick<InvocationLogger, 'warn'>,
): Promise<{ set: FlagSet; documents: Documents }> {
  const source = await sourceOf(environment);
  const unsubscribe = source.subscribe((event) => {
    if (event.kind === 'problem') logger.warn(`flags of ${environment}: ${event.message}`);
  });
  const set = await source.get().finally(unsubscribe);
  const documents = source.documents();
  if (set !== undefined && documents !== undefined) return { set, documents };
  throw new ServiceUnavailable(`The flags of ${environment} cannot be read now: ${source.message()}`, {
    evidence: { environment },
  });
}
