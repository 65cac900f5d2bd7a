import { z } from 'zod';
import { readEnvironment } from '../environments/environments.ts';
import type { FlagDefinition } from '../lifecycle/outcomes.ts';
import { readDocument, readFlags, type StoredFlag } from '../registry/snapshot.ts';
import { type DocumentFlag, type FlagFacts, factsOf } from './flag-facts.ts';

/** The flags of an environment as its newest document has them. */
export interface RegisteredFlags {
  /** As they were written. */
  written: ReadonlyMap<string, StoredFlag>;
  definitions: ReadonlyMap<string, FlagDefinition>;
  evaluators: unknown;
  facts: ReadonlyMap<string, FlagFacts>;
}

/** What is needed here of a document that was checked before it was stored. */
const Document = z.looseObject({
  flags: z.record(z.string(), z.custom<DocumentFlag & FlagDefinition>()),
  $evaluators: z.unknown().optional(),
});

/** Documents never change: what was read is kept, that of few environments. */
const kept = new Map<string, RegisteredFlags>();
const mostKept = 4;

/** The flags of an environment. Throws NotFound when there is no such environment. */
export async function registeredFlags(environment: string): Promise<RegisteredFlags> {
  const record = await readEnvironment(environment);
  const key = record.document?.key ?? '';
  const known = kept.get(key);
  if (known !== undefined) return known;
  const [{ flags: written }, text] = await Promise.all([readFlags(record), readDocument(record)]);
  const { flags, $evaluators: evaluators } = Document.parse(JSON.parse(text ?? '{"flags":{}}'));
  const definitions = new Map(Object.entries(flags));
  const facts = new Map([...definitions].map(([flag, definition]) => [flag, factsOf(flag, definition)]));
  const read = { written, definitions, evaluators, facts };
  kept.set(key, read);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return read;
}
