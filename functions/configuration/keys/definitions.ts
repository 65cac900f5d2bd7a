import { canonical } from '#compatibility/json-schema/document.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput, NotFound } from '#platform/errors.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { KeyInUse, TooManyKeys, UpdateConflict } from '../errors.ts';
import { layerOf } from '../resolution/layers.ts';
import { type Definition, limits, type NewDefinition } from '../schemas.ts';
import { countItems, deleteItem, keys, readAll, readItem, readPage, writeItem } from '../store.ts';
import { readHolders } from '../values/store.ts';
import { assertSchema, brokenBy } from './check.ts';
import { assertValuesFit } from './holders.ts';
import { DefinitionRecord, definitionOf, recordOf } from './records.ts';

export async function findDefinition(namespace: string, key: string): Promise<Definition | undefined> {
  const found = await readItem(DefinitionRecord, keys.definition(namespace, key));
  return found && definitionOf(found);
}

/** Throws NotFound. */
export async function readDefinition(namespace: string, key: string): Promise<Definition> {
  const found = await findDefinition(namespace, key);
  if (found !== undefined) return found;
  throw new NotFound(`${namespace}/${key} is not defined`, {
    evidence: { namespace, key },
    action: `Define it with \`theseus config define ${key} --namespace ${namespace}\`, or list what is there with \`theseus config key list\`.`,
  });
}

/** All definitions of a namespace, by key; at most 2,000. */
export async function readDefinitions(namespace: string): Promise<Definition[]> {
  const { pk, sk } = keys.definition(namespace, '');
  return (await readAll(DefinitionRecord, pk, sk)).map(definitionOf);
}

/** A page of definitions by namespace and key: of one namespace, or of all. */
export async function listDefinitions(
  namespace: string | undefined,
  limit: number,
  from: Place | undefined,
): Promise<ItemPage<Definition>> {
  const { pk, sk } = keys.definition(namespace ?? '', '');
  const prefix = namespace === undefined ? {} : { prefix: sk };
  const { items, next } = await readPage(DefinitionRecord, { pk, ...prefix, limit, from });
  return { items: items.map(definitionOf), next };
}

function assertSound({ schema, secret, default: fallback }: NewDefinition): void {
  assertSchema(schema, '/body/schema');
  if (fallback === undefined) return;
  if (secret) {
    throw new InvalidInput(
      '/body/default: A secret has no default: it would be stored as everybody may read it',
      {
        problems: [{ pointer: '/body/default', detail: 'Expected none, since the key is secret' }],
        action: 'Leave it out, and set the secret for all instead.',
      },
    );
  }
  const broken = brokenBy(schema, fallback);
  if (broken.length === 0) return;
  throw new InvalidInput(`The default does not fit the schema: ${broken[0]?.detail}`, {
    problems: broken.map(({ pointer, detail }) => ({ pointer: `/body/default${pointer}`, detail })),
    action: 'Correct the default or the schema.',
  });
}

const unversioned = ({ version: _v, createdAt: _c, updatedAt: _u, updatedBy: _b, ...rest }: Definition) =>
  rest;

/**
 * Defines a key, or changes what it is defined by; the same again changes nothing. Throws InvalidInput, UpdateConflict,
 * ValuesBreakSchema and TooManyKeys; then nothing is stored.
 */
export async function putDefinition(
  namespace: string,
  key: string,
  { version, ...content }: NewDefinition,
  by: string,
): Promise<{ definition: Definition; created: boolean }> {
  assertSound(content);
  const former = await findDefinition(namespace, key);
  const next = { namespace, key, ...content };
  if (former !== undefined && canonical(unversioned(former)) === canonical(next))
    return { definition: former, created: false };
  const conflict = (found: number) =>
    new UpdateConflict(
      `${namespace}/${key} has version ${found}, expected ${version ?? former?.version ?? 0}`,
      {
        evidence: { namespace, key, expected: version ?? former?.version ?? 0, found },
        action: 'Look at what it is now, and decide again.',
      },
    );
  if (version !== undefined && version !== (former?.version ?? 0)) throw conflict(former?.version ?? 0);
  if (former === undefined) await assertRoom(namespace);
  else await assertValuesFit(former, content);
  const at = clock.iso();
  const definition: Definition = {
    ...next,
    version: (former?.version ?? 0) + 1,
    createdAt: former?.createdAt ?? at,
    updatedAt: at,
    updatedBy: by,
  };
  const unchanged = former === undefined ? absent : ofVersion(former.version);
  if (await writeItem(keys.definition(namespace, key), recordOf(definition), unchanged))
    return { definition, created: former === undefined };
  throw conflict((await findDefinition(namespace, key))?.version ?? 0);
}

const ofVersion = (version: number) => ({
  expression: '#version = :version',
  names: { '#version': 'version' },
  values: { ':version': version },
});

async function assertRoom(namespace: string): Promise<void> {
  const { pk, sk } = keys.definition(namespace, '');
  const found = await countItems(pk, sk);
  if (found < limits.keys) return;
  throw new TooManyKeys(`${namespace} has ${found} keys, at most ${limits.keys} are possible`, {
    evidence: { namespace, found, limit: limits.keys },
    action: 'Put further keys into another namespace.',
  });
}

/** Forgets a key that has no values. Throws NotFound, KeyInUse. */
export async function removeDefinition(namespace: string, key: string): Promise<void> {
  const former = await readDefinition(namespace, key);
  const holders = await readHolders(namespace, key);
  if (holders.length > 0) {
    throw new KeyInUse(
      `${namespace}/${key} has ${holders.length === 1 ? '1 value' : `${holders.length} values`}`,
      {
        evidence: { namespace, key, holders: holders.slice(0, 50).map(layerOf) },
        action: 'Delete its values first.',
      },
    );
  }
  await deleteItem(keys.definition(namespace, key), ofVersion(former.version));
}
