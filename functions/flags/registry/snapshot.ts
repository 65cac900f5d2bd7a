import { z } from 'zod';
import { readArtifact, writeArtifact } from '#platform/artifacts.ts';
import type { KeyedFlag } from '../authoring/compile-flag.ts';
import { Flag } from '../authoring/flag.ts';
import { type JsonObject, JsonObject as JsonObjectSchema } from '../authoring/json.ts';
import type { EnvironmentRecord, Stored } from '../records.ts';

// All flags of an environment at one moment: one object, so that what they need of each other is judged together.

export const StoredFlag = z.object({
  flag: Flag,
  version: z.int(),
  /** The change that made this version: leads to its history. */
  change: z.string(),
  /** The id that the caller gave the change. */
  request: z.string().nullable(),
  createdAt: z.string(),
  createdBy: z.string(),
  updatedAt: z.string(),
  updatedBy: z.string(),
  why: z.string(),
});
export type StoredFlag = z.infer<typeof StoredFlag>;

/** Where the history of a flag goes on that was deleted. */
const Tombstone = z.object({ version: z.int(), change: z.string() });

export const Snapshot = z.object({
  schemaVersion: z.literal(1),
  flags: z.array(z.tuple([z.string(), StoredFlag])),
  deleted: z.array(z.tuple([z.string(), Tombstone])),
  evaluators: JsonObjectSchema,
  metadata: JsonObjectSchema,
});

/** Flags by key; keys are of users, so these are maps. */
export interface Flags {
  flags: ReadonlyMap<string, StoredFlag>;
  deleted: ReadonlyMap<string, z.infer<typeof Tombstone>>;
  /** `$evaluators` and metadata of a document that was taken over. */
  evaluators: JsonObject;
  metadata: JsonObject;
}

const none: Flags = { flags: new Map(), deleted: new Map(), evaluators: {}, metadata: {} };

/** Objects never change: what was read is kept, that of few environments. */
const kept = new Map<string, Flags>();
const mostKept = 4;

/** The flags of an environment. Throws RecordUnreadable, NotFound. */
export async function readFlags({ snapshot }: Pick<EnvironmentRecord, 'snapshot'>): Promise<Flags> {
  if (snapshot === null) return none;
  const known = kept.get(snapshot.key);
  if (known !== undefined) return known;
  const { flags, deleted, evaluators, metadata } = Snapshot.parse(
    JSON.parse(await readArtifact(snapshot.key)),
  );
  const read = { flags: new Map(flags), deleted: new Map(deleted), evaluators, metadata };
  kept.set(snapshot.key, read);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return read;
}

/** Writes an object of one change: no other change has its key, so that it may be deleted once it is superseded. */
async function store(environment: string, kind: string, change: string, text: string): Promise<Stored> {
  const key = `flags/${environment}/${kind}/${change}.json`;
  await writeArtifact(key, text, 'application/json');
  return { key, bytes: Buffer.byteLength(text) };
}

/** Keeps flags and their document; the record of the environment names them when they count. */
export async function storeFlags(
  environment: string,
  change: string,
  { flags, deleted, evaluators, metadata }: Flags,
  document: string,
): Promise<{ snapshot: Stored; document: Stored }> {
  const text = JSON.stringify({
    schemaVersion: 1,
    flags: [...flags],
    deleted: [...deleted],
    evaluators,
    metadata,
  });
  return {
    snapshot: await store(environment, 'snapshots', change, text),
    document: await store(environment, 'documents', change, document),
  };
}

/** The document of an environment as text; undefined before its first flag. */
export const readDocument = async ({
  document,
}: Pick<EnvironmentRecord, 'document'>): Promise<string | undefined> =>
  document === null ? undefined : readArtifact(document.key);

/** Flags as they are compiled. */
export const keyedFlags = ({ flags }: Pick<Flags, 'flags'>): KeyedFlag[] =>
  [...flags].map(([key, { flag, version }]) => ({ key, flag, version }));
