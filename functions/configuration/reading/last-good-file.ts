import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { replaceFile } from '../../platform/replace-file.ts';
import { type ConfigurationDocument, ConfigurationEntry, documentOf } from './document.ts';
import type { Reader } from './fetch-document.ts';

// With what a service begins when it is started while the platform is away.

const Kept = z.object({
  form: z.literal(1),
  reader: z.record(z.string(), z.string()),
  etag: z.string(),
  items: z.array(ConfigurationEntry),
});

const named = (url: string, reader: Reader): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ url, ...reader }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );

export interface LastGoodFile {
  path: string;
  url: string;
  reader: Reader;
  /** Whether values of secrets are in it. */
  secrets: boolean;
  /** It could not be written; the next document is tried again. */
  onFailure: (error: unknown) => void;
}

/**
 * Keeps the newest document for the next start, in a file that its owner alone reads. One is written at a time; what
 * came meanwhile and is not the newest any more is left out.
 */
export function lastGoodFile({ path, url, reader, secrets, onFailure }: LastGoodFile): {
  keep: (document: ConfigurationDocument) => void;
} {
  let newest: ConfigurationDocument | undefined;
  let isWriting = false;

  async function writeAll(): Promise<void> {
    isWriting = true;
    for (let next = newest; next !== undefined; next = newest) {
      newest = undefined;
      const items = [...next.entries.values()].map((entry) => {
        const { value: _hidden, ...rest } = entry;
        return entry.secret && !secrets ? rest : entry;
      });
      const kept: z.input<typeof Kept> = { form: 1, reader: named(url, reader), etag: next.etag, items };
      await replaceFile(path, JSON.stringify(kept)).catch(onFailure);
    }
    isWriting = false;
  }

  return {
    keep(document) {
      newest = document;
      if (!isWriting) void writeAll();
    },
  };
}

/** The document of an earlier run for the same reader; undefined when there is none that can be read. */
export async function readLastGood(
  path: string,
  { url, reader }: { url: string; reader: Reader },
): Promise<ConfigurationDocument | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = Kept.safeParse(stored);
  if (data === undefined) return undefined;
  const wanted = named(url, reader);
  const names = new Set([...Object.keys(wanted), ...Object.keys(data.reader)]);
  for (const name of names) if (wanted[name] !== data.reader[name]) return undefined;
  // Not the ETag: what was left out of the file has to come with the next look.
  return documentOf('', data.items);
}
