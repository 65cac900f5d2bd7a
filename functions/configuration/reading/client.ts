import { clock } from '../../platform/clock.ts';
import { pollInterval } from '../../platform/poll-interval.ts';
import { jitteredBackoff, random } from '../../platform/random.ts';
import {
  type ConfigurationChange,
  type ConfigurationDocument,
  type ConfigurationEntry,
  changesBetween,
  isMeant,
  type JsonValue,
  valueIn,
} from './document.ts';
import { ConfigurationUnavailable, fetchDocument, type Platform, type Reader } from './fetch-document.ts';
import { type DocumentState, heldDocument } from './held-document.ts';
import { lastGoodFile, readLastGood } from './last-good-file.ts';
import { sendReport } from './report.ts';
import { createTenants } from './tenants.ts';
import { type Schemas, type TypedConfiguration, typedConfiguration } from './typed.ts';

// What services use in their own code: it needs no other file than its neighbours, the clock and the dice, and zod.

export type { ConfigurationChange, ConfigurationEntry, JsonValue } from './document.ts';
export { ConfigurationUnavailable } from './fetch-document.ts';
export { ConfigurationTooOld, type DocumentState } from './held-document.ts';
export { ConfigurationMisfit, type TypedConfiguration } from './typed.ts';

export interface ConfigurationClientOptions extends Platform, Reader {
  /** Whether values of secrets are read too; the token's owner has to be among their readers. Default: no. */
  secrets?: boolean;
  /** How often it looks for changes, ms: each time a tenth sooner or later. Default: 500 on loopback, else 10,000. */
  pollMs?: number;
  /**
   * Whether it looks in the background. Default: yes, but not on Lambda, where a process is frozen between two
   * invocations: there a read of what is older than `pollMs` begins a look, and `refresh` waits for one.
   */
  background?: boolean;
  /** How long the first document may take, ms. Default: 5,000. */
  firstMs?: number;
  /** How long the last document goes on while no newer one can be had, ms. Default: without end. */
  maxStaleMs?: number;
  /** Where the last good document is kept for the next start, without values of secrets. Default: nowhere. */
  file?: string;
  /** Keeps values of secrets in the file too. Default: no. */
  secretsInFile?: boolean;
  /** Names this process, and lets it report what the service has in force to the platform. Default: it does not report. */
  instance?: string;
  /** Tenants whose documents are held at once, see `forTenant`. Default: 500. */
  mostTenants?: number;
  /** Hears what happens; see ConfigurationEvent. */
  onEvent?: (event: ConfigurationEvent) => void;
}

/** What happens to a client. No value of a secret is in it. */
export type ConfigurationEvent =
  | { type: 'changed'; keys: string[] }
  /** `stale`: the last good document goes on, because of `error`; `fresh`: it is confirmed again. */
  | { type: 'state'; state: DocumentState; error?: unknown }
  /** A value does not fit the service's schema, and the last one that did goes on. */
  | { type: 'misfit'; key: string; problem: string }
  /** A callback of the service threw. */
  | { type: 'callback-failed'; error: unknown }
  /** The file of the last good document could not be written. */
  | { type: 'file-failed'; error: unknown };

/** Values of one document. */
export interface ConfigurationReader {
  /** The value, from memory; undefined where there is none. Throws ConfigurationTooOld; Error for a secret that was not asked for. */
  getConfiguration: (key: string) => JsonValue | undefined;
  /** The value with its version. */
  entry: (key: string) => ConfigurationEntry | undefined;
}

export interface ConfigurationClient extends ConfigurationReader {
  /** Calls back for each change of a key, or of all that begin alike: `limits.*`. Returns what ends that. */
  watch: (pattern: string, callback: (change: ConfigurationChange) => void) => () => void;
  /** Values by schema. Throws ConfigurationMisfit for one that does not fit now. */
  typed: <S extends Schemas>(schemas: S) => TypedConfiguration<S>;
  /** What holds for one tenant; asked for once, and again when it is read and older than `pollMs`. */
  forTenant: (tenant: string) => Promise<ConfigurationReader>;
  /** Looks now, if what there is is older than `olderThanMs`, and waits at most `budgetMs`. Never throws. */
  refresh: (options?: { olderThanMs?: number; budgetMs?: number }) => Promise<void>;
  state: () => { state: DocumentState; ageMs: number; etag: string | undefined };
  /** Ends what runs in the background. What was read stays readable. */
  close: () => void;
}

const longestPauseMs = 5_000;
const reportEveryMs = 60_000;

const isLoopback = (url: string): boolean =>
  ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
const isOnLambda = (): boolean => process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined;

/** Whether the platform understood and said no: it says the same the next time. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ConfigurationUnavailable && [400, 401, 403, 404].includes(error.status ?? 0);

/** Resolves when `work` does or `ms` are over, whichever is first. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  if (ms === Number.POSITIVE_INFINITY) return work;
  const ended = new AbortController();
  const limit = clock.sleep(ms, ended.signal).catch(() => undefined);
  await Promise.race([work, limit]);
  ended.abort();
}

/**
 * A client with its first document. Where the platform does not give one within `firstMs`, the document of the last run
 * is in force (`file`), as a stale one. Throws ConfigurationUnavailable when there is none either, RangeError for a `pollMs`
 * below 20 ms or above an hour.
 */
export async function createConfigurationClient(
  options: ConfigurationClientOptions,
): Promise<ConfigurationClient> {
  const { url, token, namespace, environment, service, tenant, file, instance } = options;
  const { secrets = false, maxStaleMs = Number.POSITIVE_INFINITY } = options;
  const { background = !isOnLambda(), firstMs = 5_000 } = options;
  const pollMs = pollInterval(options.pollMs ?? (isLoopback(url) ? 500 : 10_000));
  const platform: Platform = { url, token };
  const reader: Reader = { namespace, environment, service, tenant };
  const watchers = new Set<{ pattern: string; callback: (change: ConfigurationChange) => void }>();
  const acceptors = new Set<(document: ConfigurationDocument) => void>();
  const failed = new Map<string, string>();
  const closing = new AbortController();
  let reportDueAt = 0;
  const secretsInFile = options.secretsInFile ?? false;
  const onFailure = (error: unknown) => onEvent({ type: 'file-failed', error });
  const lastGood =
    file === undefined
      ? undefined
      : lastGoodFile({ path: file, url, reader, secrets: secretsInFile, onFailure });

  const onEvent = (event: ConfigurationEvent): void => {
    try {
      options.onEvent?.(event);
    } catch {
      // Whoever listens has a defect of its own: the values are none the worse for it.
    }
  };
  const safely = (callback: () => void): void => {
    try {
      callback();
    } catch (error) {
      onEvent({ type: 'callback-failed', error });
    }
  };

  function putInForce(document: ConfigurationDocument, before: ConfigurationDocument | undefined): void {
    const changes = changesBetween(before, document);
    for (const accept of acceptors) safely(() => accept(document));
    if (before !== undefined && changes.length > 0) {
      onEvent({ type: 'changed', keys: changes.map(({ key }) => key) });
      for (const { pattern, callback } of [...watchers])
        for (const change of changes) if (isMeant(pattern, change.key)) safely(() => callback(change));
    }
    reportDueAt = 0;
    if (document.etag !== '') lastGood?.keep(document);
  }

  const held = heldDocument({
    fetch: (etag) => fetchDocument(platform, reader, { etag, secrets, signal: closing.signal }),
    onDocument: putInForce,
    onState: (state, error) => onEvent({ type: 'state', state, ...(state === 'stale' ? { error } : {}) }),
    maxStaleMs,
    closed: closing.signal,
  });

  /** Reports what is in force: after each change, and now and then, so that silence means something. */
  async function report(): Promise<void> {
    if (
      closing.signal.aborted ||
      instance === undefined ||
      service === undefined ||
      held.state() !== 'fresh' ||
      clock.monotonic() < reportDueAt
    )
      return;
    reportDueAt = clock.monotonic() + reportEveryMs;
    try {
      const inForce = { document: held.current(), failed };
      await sendReport(platform, reader, instance, inForce, closing.signal);
    } catch {
      reportDueAt = clock.monotonic() + longestPauseMs;
    }
  }

  const look = () => held.refresh().then(report);

  async function lookForever(): Promise<void> {
    while (!closing.signal.aborted) {
      const failures = held.failures();
      const usual = pollMs * (0.9 + 0.2 * random());
      const pause =
        failures === 0 ? usual : usual + jitteredBackoff(failures, pollMs, Math.max(pollMs, longestPauseMs));
      await clock.sleep(pause, closing.signal).catch(() => undefined);
      if (!closing.signal.aborted) await look();
    }
  }

  async function first(): Promise<void> {
    const until = clock.monotonic() + firstMs;
    for (let attempt = 0; held.state() === 'loading' && clock.monotonic() < until; attempt += 1) {
      if (attempt > 0) await clock.sleep(50 + jitteredBackoff(attempt, 50, 1_000), closing.signal);
      await within(until - clock.monotonic(), held.refresh());
      if (isRefusal(held.error())) break;
    }
    if (held.state() !== 'loading') return;
    const kept = file === undefined ? undefined : await readLastGood(file, { url, reader });
    if (kept !== undefined) held.restore(kept);
  }

  await first();
  if (held.state() === 'loading') {
    closing.abort();
    try {
      held.current();
    } catch (cause) {
      if (cause instanceof ConfigurationUnavailable) throw cause;
      throw new ConfigurationUnavailable(`No configuration of ${namespace} came within ${firstMs} ms`, {
        cause,
      });
    }
  }
  void report();
  if (background) void lookForever();

  const now = (): ConfigurationDocument => {
    if (!background) void held.refreshIfOlder(pollMs)?.then(report);
    return held.current();
  };
  const forTenant = createTenants({
    most: options.mostTenants ?? 500,
    pollMs,
    maxStaleMs,
    closed: closing.signal,
    fetch: (of, etag) =>
      fetchDocument(platform, { ...reader, tenant: of }, { etag, secrets, signal: closing.signal }),
  });

  return {
    getConfiguration: (key) => valueIn(now(), key),
    entry: (key) => now().entries.get(key),
    watch(pattern, callback) {
      const watcher = { pattern, callback };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    typed<S extends Schemas>(schemas: S) {
      const { view, accept } = typedConfiguration(schemas, {
        onMisfit({ key, message }) {
          failed.set(key, message);
          onEvent({ type: 'misfit', key, problem: message });
        },
        onFit: (key) => failed.delete(key),
        safely,
      });
      accept(held.current());
      acceptors.add(accept);
      return view;
    },
    forTenant,
    async refresh({ olderThanMs = 0, budgetMs = Number.POSITIVE_INFINITY } = {}) {
      if (held.age() >= olderThanMs) await within(budgetMs, look());
    },
    state: () => ({
      state: held.state(),
      ageMs: held.age(),
      etag: held.state() === 'loading' ? undefined : held.current().etag,
    }),
    close: () => closing.abort(),
  };
}
