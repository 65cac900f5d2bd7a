import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
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

/**
 * Writes a document for the next start: the file is whole or it is the former one, and only its owner reads it. Values
 * of secrets are in it only where `secrets` says so.
 */
export async function keepLastGood(
  path: string,
  document: ConfigurationDocument,
  { url, reader, secrets }: { url: string; reader: Reader; secrets: boolean },
): Promise<void> {
  const items = [...document.entries.values()].map((entry) => {
    const { value: _hidden, ...rest } = entry;
    return entry.secret && !secrets ? rest : entry;
  });
  const kept: z.input<typeof Kept> = { form: 1, reader: named(url, reader), etag: document.etag, items };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
  await rename(`${path}.new`, path);
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
