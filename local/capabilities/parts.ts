import type { FunctionFacts } from '#platform/function-facts.ts';
import type { TableDefinition } from '../dynamodb/dynamodb.ts';
import type { HandlerModule, LocalFunction } from '../lambda/runtime.ts';

// What every capability is made of here.

export const stateMachine = (name: string): URL =>
  new URL(`../../state-machines/${name}.asl.json`, import.meta.url);

/** The functions of a capability from its list of facts: `load` imports the module of one. */
export const functionsFrom = (
  facts: Readonly<Record<string, FunctionFacts>>,
  load: (name: string) => Promise<HandlerModule>,
): Record<string, LocalFunction> =>
  Object.fromEntries(
    Object.entries(facts).map(([name, { timeoutSeconds, memoryMb }]) => [
      name,
      { load: () => load(name), timeoutSeconds, memoryMb },
    ]),
  );

const string = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
const keySchema = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' as const },
  { AttributeName: range, KeyType: 'RANGE' as const },
];

/** The one table of a capability: `pk`/`sk`, one index on `gsi1pk`/`gsi1sk`, items expire at `expiresAt`. */
export const recordsTable = (capability: string): TableDefinition => ({
  TableName: `theseus-${capability}`,
  KeySchema: keySchema('pk', 'sk'),
  AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map(string),
  GlobalSecondaryIndexes: [
    {
      IndexName: 'gsi1',
      KeySchema: keySchema('gsi1pk', 'gsi1sk'),
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  timeToLive: 'expiresAt',
});
