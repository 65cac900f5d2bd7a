import { ValuesBreakSchema } from '../errors.ts';
import { nameOf } from '../resolution/layers.ts';
import type { Definition, NewDefinition, StoredValue } from '../schemas.ts';
import { readHolders } from '../values/store.ts';
import { type Broken, brokenBy } from './check.ts';

/** At most this many values are named of those that break a schema. */
const mostNamed = 20;

const identityOf = ({ namespace, key, service, environment, tenant }: StoredValue) => ({
  namespace,
  key,
  service,
  environment,
  tenant,
});

function brokenIn(
  value: StoredValue,
  { schema, secret }: Pick<NewDefinition, 'schema' | 'secret'>,
): Broken[] {
  if (value.content === null) return [];
  if ((value.content.kind === 'secret') !== secret) {
    const detail = secret ? 'is stored for everybody to read' : 'is sealed';
    return [{ rule: 'secret', pointer: '', detail }];
  }
  // What is sealed was held against its schema before it was, and cannot be read here.
  return value.content.kind === 'secret' ? [] : brokenBy(schema, value.content.value);
}

/** Holds the values that a key has against its next definition. Throws ValuesBreakSchema naming which break which rule. */
export async function assertValuesFit(
  { namespace, key, schema, secret }: Definition,
  next: Pick<NewDefinition, 'schema' | 'secret'>,
): Promise<void> {
  if (secret === next.secret && JSON.stringify(schema) === JSON.stringify(next.schema)) return;
  const broken = (await readHolders(namespace, key)).flatMap((value) => {
    const problems = brokenIn(value, next);
    return problems.length === 0
      ? []
      : [{ identity: identityOf(value), version: value.version, problems, value }];
  });
  const [first] = broken;
  if (first === undefined) return;
  throw new ValuesBreakSchema(
    `${broken.length === 1 ? '1 stored value breaks' : `${broken.length} stored values break`} the new schema of ${namespace}/${key}, first ${nameOf(first.value)}: ${first.problems[0]?.detail}`,
    {
      evidence: {
        count: broken.length,
        broken: broken.slice(0, mostNamed).map(({ value: _, ...named }) => named),
      },
      action: 'Change these values first, or let the schema allow them until they are.',
    },
  );
}
