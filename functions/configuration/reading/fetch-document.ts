import { z } from 'zod';
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

/** Sends one request to the platform within 5 s. Throws ConfigurationUnavailable when it cannot be reached. */
export async function ask(
  { url, token }: Platform,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  const { signal, headers, ...rest } = init;
  const limit = AbortSignal.timeout(requestMs);
  try {
    const bearer = typeof token === 'string' ? token : await token();
    return await fetch(`${url.replace(/\/$/, '')}${path}`, {
      ...rest,
      headers: { ...headers, authorization: `Bearer ${bearer}` },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
  } catch (cause) {
    throw new ConfigurationUnavailable(`The platform at ${url} cannot be reached`, { cause });
  }
}

async function refusalOf(response: Response): Promise<ConfigurationUnavailable> {
  const problem = z.object({ detail: z.string() }).safeParse(await response.json().catch(() => undefined));
  const said = problem.data?.detail ?? response.statusText;
  return new ConfigurationUnavailable(`The platform answered ${response.status}: ${said}`, {
    status: response.status,
  });
}

/**
 * The document of a reader, or undefined when it is still the one with this ETag. Throws ConfigurationUnavailable,
 * also for an answer of an unknown form.
 */
export async function fetchDocument(
  platform: Platform,
  reader: Reader,
  {
    etag,
    secrets = false,
    signal,
  }: { etag?: string | undefined; secrets?: boolean; signal?: AbortSignal } = {},
): Promise<ConfigurationDocument | undefined> {
  const entries: ConfigurationEntry[] = [];
  let current: string | undefined;
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const search = new URLSearchParams();
    const asked = { ...reader, ...(secrets ? { secrets: 'include' } : {}), cursor };
    for (const [name, value] of Object.entries(asked)) if (value !== undefined) search.set(name, value);
    const response = await ask(platform, `/configuration/resolved?${search}`, {
      headers: etag === undefined || page > 0 ? {} : { 'if-none-match': etag },
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.status === 304) return undefined;
    if (!response.ok) throw await refusalOf(response);
    const parsed = Page.safeParse(await response.json().catch(() => undefined));
    if (!parsed.success) {
      throw new ConfigurationUnavailable(
        `The platform answered in an unknown form: ${z.prettifyError(parsed.error).slice(0, 500)}`,
      );
    }
    current ??= response.headers.get('etag') ?? '';
    entries.push(...parsed.data.items);
    cursor = parsed.data.next ?? undefined;
    if (cursor === undefined) return documentOf(current, entries);
  }
  throw new ConfigurationUnavailable(`The document has more than ${mostPages} pages`);
}
