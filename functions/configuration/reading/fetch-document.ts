import { z } from 'zod';
import { clock } from '../../platform/clock.ts';
import { untilAborted } from '../../platform/until-aborted.ts';
import { type ConfigurationDocument, ConfigurationEntry, documentOf } from './document.ts';

/** Where the platform is, and in whose name it is asked. */
export interface Platform {
  url: string;
  /** Called for every request where it is a function. */
  token: string | (() => string | Promise<string>);
}

/** For whom keys are resolved. */
export interface Reader {
  namespace: string;
  environment?: string | undefined;
  service?: string | undefined;
  tenant?: string | undefined;
}

const requestMs = 5_000;
/** Pages of one document; the platform allows fewer. */
const mostPages = 20;

const Page = z.object({ items: z.array(ConfigurationEntry), next: z.string().nullish() });

/** The platform did not give a document: it cannot be reached, or it refused with `status`. */
export class ConfigurationUnavailable extends Error {
  override readonly name = 'ConfigurationUnavailable';
  readonly status: number | undefined;

  constructor(message: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.status = status;
  }
}

/**
 * Sends one request to the platform and reads its answer, all within 5 s and until `signal` is aborted. Throws
 * ConfigurationUnavailable when it cannot be reached, and what `read` throws of its kind.
 */
export async function ask<T>(
  { url, token }: Platform,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string; signal: AbortSignal },
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const { signal, headers, ...rest } = init;
  // Not AbortSignal.any: on a signal that lives as long as the service it leaves something behind with each request.
  const over = new AbortController();
  const stop = () => over.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const answered = new AbortController();
  const late = new Error(`No answer within ${requestMs} ms`);
  const limit = clock.sleep(requestMs, answered.signal).then(
    () => over.abort(late),
    () => {},
  );
  async function answer(): Promise<T> {
    const bearer = typeof token === 'string' ? token : await token();
    const response = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      ...rest,
      headers: { ...headers, authorization: `Bearer ${bearer}` },
      signal: over.signal,
    });
    return read(response);
  }
  try {
    return await untilAborted(answer(), over.signal);
  } catch (cause) {
    if (cause instanceof ConfigurationUnavailable) throw cause;
    throw new ConfigurationUnavailable(`The platform at ${url} cannot be reached`, { cause });
  } finally {
    signal.removeEventListener('abort', stop);
    answered.abort();
    await limit;
  }
}

async function refusalOf(response: Response): Promise<ConfigurationUnavailable> {
  const problem = z.object({ detail: z.string() }).safeParse(await response.json().catch(() => undefined));
  const said = problem.data?.detail ?? response.statusText;
  return new ConfigurationUnavailable(`The platform answered ${response.status}: ${said}`, {
    status: response.status,
  });
}

/** A page of a document; undefined where it is not changed. */
async function pageOf(response: Response): Promise<(z.infer<typeof Page> & { etag: string }) | undefined> {
  if (response.status === 304) return undefined;
  if (!response.ok) throw await refusalOf(response);
  const text = await response.text();
  const { data, error } = Page.safeParse(jsonOf(text));
  if (data !== undefined) return { ...data, etag: response.headers.get('etag') ?? '' };
  const problem = z.prettifyError(error).slice(0, 500);
  throw new ConfigurationUnavailable(`The platform answered in an unknown form: ${problem}`);
}

/** Undefined for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The document of a reader, or undefined when it is still the one with this ETag. Throws ConfigurationUnavailable,
 * also for an answer of an unknown form.
 */
export async function fetchDocument(
  platform: Platform,
  reader: Reader,
  { etag, secrets = false, signal }: { etag?: string | undefined; secrets?: boolean; signal: AbortSignal },
): Promise<ConfigurationDocument | undefined> {
  const entries: ConfigurationEntry[] = [];
  let current: string | undefined;
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const search = new URLSearchParams();
    const asked = { ...reader, ...(secrets ? { secrets: 'include' } : {}), cursor };
    for (const [name, value] of Object.entries(asked)) if (value !== undefined) search.set(name, value);
    const headers = etag === undefined || page > 0 ? {} : { 'if-none-match': etag };
    const found = await ask(platform, `/configuration/resolved?${search}`, { headers, signal }, pageOf);
    if (found === undefined) return undefined;
    current ??= found.etag;
    entries.push(...found.items);
    cursor = found.next ?? undefined;
    if (cursor === undefined) return documentOf(current, entries);
  }
  throw new ConfigurationUnavailable(`The document has more than ${mostPages} pages`);
}
