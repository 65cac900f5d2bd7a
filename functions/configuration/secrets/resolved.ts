import type { Caller } from '#platform/access.ts';
import type { RequestTools } from '#platform/route.ts';
import { readDefinitions } from '../keys/definitions.ts';
import type { Reader } from '../resolution/layers.ts';
import type { Resolved } from '../resolution/resolve.ts';
import { mayRead, openAll, type ToOpen } from './reading.ts';

/** The secrets among what holds for a reader that this caller may read, by key. */
export async function readableSecrets(
  reader: Reader,
  resolved: readonly Resolved[],
  caller: Caller,
): Promise<Map<string, ToOpen>> {
  const definitions = new Map((await readDefinitions(reader.namespace)).map((one) => [one.key, one]));
  return new Map(
    resolved.flatMap(({ key, content, version, from }): [string, ToOpen][] =>
      content.kind === 'secret' &&
      from !== 'default' &&
      version !== null &&
      mayRead(caller, definitions.get(key))
        ? [[key, { identity: { ...from, key }, version, sealed: content.sealed }]]
        : [],
    ),
  );
}

/** What they say, by key; each is entered in the audit trail first. Throws as openAll does. */
export async function openByKey(
  secrets: ReadonlyMap<string, ToOpen>,
  tools: Pick<RequestTools, 'caller' | 'requestId' | 'header'>,
): Promise<Map<string, string>> {
  const opened = await openAll([...secrets.values()], { call: 'GET /configuration/resolved' }, tools);
  return new Map([...secrets.keys()].map((key, at) => [key, opened[at] ?? '']));
}
