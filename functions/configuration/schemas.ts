import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { pageOf } from '#platform/page.ts';

/** What may be held at most. */
export const limits = {
  /** Keys that a namespace may define. */
  keys: 2_000,
  /** JSON of a value, bytes. */
  valueBytes: 65_536,
  /** UTF-8 of a secret, bytes. */
  secretBytes: 4_096,
  /** JSON of a schema, bytes. */
  schemaBytes: 32_768,
  /** Levels of objects and lists in a value or a schema. */
  depth: 24,
  /** JSON of a resolved document, bytes: Lambda answers with at most 6 MB. */
  documentBytes: 5_000_000,
} as const;

/** Names that JavaScript gives a meaning to: as keys of objects they do harm in programs that are careless. */
const prototypeNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
export const isPrototypeName = (name: string): boolean => prototypeNames.has(name);

const notPrototype = (name: string) => !name.split('.').some(isPrototypeName);
const prototypeProblem = 'Expected another name: programs may take this one for a part of their language';

export const Namespace = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,62}$/,
    'Expected lower-case letters (a to z), digits and hyphens, beginning with a letter, at most 63',
  )
  .refine(notPrototype, prototypeProblem);
export const KeyName = z
  .string()
  .max(128, 'Expected at most 128 characters')
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/,
    'Expected letters (A to z), digits, hyphens and underscores in parts that dots separate, such as limits.max-orders',
  )
  .refine(notPrototype, prototypeProblem);
export const EnvironmentName = Namespace;
export const TenantName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,126}$/,
    'Expected letters (A to z), digits, hyphens, underscores and dots, at most 127',
  )
  .refine(notPrototype, prototypeProblem);

const layerFields = {
  service: ServiceName.optional(),
  environment: EnvironmentName.optional(),
  tenant: TenantName.optional(),
};

/** A layer: what it leaves out, it says for all. */
export const LayerName = z.strictObject({ namespace: Namespace, ...layerFields }).meta({ id: 'LayerName' });
export type LayerName = z.infer<typeof LayerName>;

/** Which value is meant: a key, in one layer. */
export const ConfigurationKey = z
  .strictObject({ namespace: Namespace, key: KeyName, ...layerFields })
  .meta({ id: 'ConfigurationKey' });
export type ConfigurationKey = z.infer<typeof ConfigurationKey>;

/** The first thing about a JSON value that is refused whatever its schema: too deep, too long, a prototype name. */
function jsonProblem(value: unknown, bytes: number): string | undefined {
  const waiting: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (next.depth >= limits.depth) return `Expected at most ${limits.depth} levels of objects and lists`;
    for (const [name, inner] of Object.entries(next.value)) {
      if (isPrototypeName(name)) return `Expected no field called ${name}`;
      waiting.push({ value: inner, depth: next.depth + 1 });
    }
  }
  const found = Buffer.byteLength(JSON.stringify(value) ?? '');
  return found > bytes ? `Expected at most ${bytes} bytes of JSON, found ${found}` : undefined;
}

/** JSON of bounded size and depth without prototype names, which z.json() would leave out in silence. */
const boundedJson = <S extends z.ZodType>(schema: S, bytes: number) =>
  z
    .unknown()
    .superRefine((value, context) => {
      const message = jsonProblem(value, bytes);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .pipe(schema);

/** Of a key, never a secret: any JSON of at most 64 kB. */
export const PlainValue = boundedJson(z.json(), limits.valueBytes);
export type PlainValue = z.output<typeof PlainValue>;

export const ValueSchema = boundedJson(
  z.union([z.boolean(), z.record(z.string(), z.json())]),
  limits.schemaBytes,
).describe('JSON Schema 2020-12, or draft-07 where `$schema` says so; references stay inside of it');

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:/@ -]{0,99}$/, 'Expected a name of at most 100 characters');
const names = (what: string) =>
  z
    .array(Name)
    .max(50)
    .refine((all) => new Set(all).size === all.length, `Expected each ${what} once`);

/** What the platform makes of a secret that nobody has to know. */
export const Generate = z
  .strictObject({
    characters: z.int().min(16).max(1_024).default(32),
    alphabet: z.enum(['alphanumeric', 'hex', 'base64url', 'printable']).default('alphanumeric'),
  })
  .meta({ id: 'GenerateSecret' });
export type Generate = z.infer<typeof Generate>;

export const Policy = z
  .strictObject({
    health: z
      .strictObject({ forSeconds: z.int().min(0).max(3_600) })
      .optional()
      .describe('How long the services affected are watched after a change'),
    approval: z.boolean().default(false).describe('Another person has to agree to each change'),
    remediate: z.boolean().default(false).describe('What drifts is brought back without asking'),
    rotateDays: z
      .int()
      .min(1)
      .max(3_650)
      .optional()
      .describe('Days after which a secret should have another value'),
    generate: Generate.optional().describe('The platform makes that value itself when its time has come'),
  })
  .meta({ id: 'ConfigurationPolicy' });
export type Policy = z.infer<typeof Policy>;

const described = {
  schema: ValueSchema.default(true),
  secret: z.boolean().default(false).describe('Its values are sealed, and shown to `readers` alone'),
  description: z.string().max(1_000).default(''),
  owner: z.string().max(100).default(''),
  tags: names('tag').default([]),
  services: z
    .array(ServiceName)
    .max(50)
    .default([])
    .describe('Services that a change affects; they are told, and their health is checked'),
  readers: names('group').default([]).describe('Groups that may read a secret; none: administrators'),
  writers: names('group').default([]).describe('Groups that may change a secret; none: administrators'),
  policy: Policy.prefault({}),
  default: PlainValue.optional().describe('What holds where no layer says anything; not of secrets'),
};

/** What a key is defined by. */
export const NewDefinition = z
  .strictObject({
    ...described,
    version: z.int().min(0).optional().describe('The version the writer saw; 0: there was none'),
  })
  .meta({ id: 'NewConfigurationDefinition' });
export type NewDefinition = z.infer<typeof NewDefinition>;

/** What is known of a key, whatever its values are. */
export const Definition = z
  .strictObject({
    namespace: Namespace,
    key: KeyName,
    ...described,
    version: z.int().min(1),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    updatedBy: z.string(),
  })
  .meta({ id: 'ConfigurationDefinition' });
export type Definition = z.infer<typeof Definition>;
export const DefinitionPage = pageOf(Definition).meta({ id: 'ConfigurationDefinitionPage' });

/** A secret as it is stored: what it says can only be read with the key of the platform. */
export const SealedSecret = z.strictObject({
  algorithm: z.string().min(1).max(100),
  ciphertext: z.base64().max(16_384),
  keyArn: z.string().max(2_048),
  sealedAt: z.iso.datetime(),
});
export type SealedSecret = z.infer<typeof SealedSecret>;

/** What a stored value says. */
export const Content = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('plain'), value: z.json() }),
  z.strictObject({ kind: z.literal('secret'), sealed: SealedSecret }),
]);
export type Content = z.infer<typeof Content>;

/** A value in one layer, as the version that holds; `content` is null of a deleted one. */
export const StoredValue = ConfigurationKey.extend({
  content: Content.nullable(),
  version: z.int().min(1),
  createdAt: z.iso.datetime().describe('Of version 1'),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
  why: z.string(),
  update: z.string().describe('Id of the update that wrote it'),
  tags: z.array(z.string()),
});
export type StoredValue = z.infer<typeof StoredValue>;
