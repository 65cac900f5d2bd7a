import { z } from 'zod';
import { Attribute, Condition } from './condition.ts';
import { epochSeconds } from './epoch.ts';
import { bounded, isPrototypeName, Json, JsonObject } from './json.ts';
import { Percentage, Serve, servedVariants, VariantName, Weights } from './serve.ts';

/** The key of a flag that people write. */
export const AuthoredKey = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
    'Expected letters, digits, dots, dashes and underscores, at most 128, a letter or digit first',
  )
  .refine((key) => !isPrototypeName(key), 'Expected a key that not every object has as a name');

/** The key of any flag; documents that are taken over may have others than people write. */
export const FlagKey = z
  .string()
  .min(1)
  .max(256)
  .refine((key) => Buffer.byteLength(key) <= 256, 'Expected at most 256 bytes')
  .refine((key) => !isPrototypeName(key), 'Expected a key that not every object has as a name');

const Id = z.string().min(1).max(500);
const served = {
  variant: VariantName.default('on').describe('Of those who are meant'),
  rest: VariantName.optional().describe('Of all others; the off variant unless named'),
};

/** How a flag decides. */
export const Form = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('boolean'), on: z.boolean() }).describe('The same for everybody'),
    z.strictObject({ type: z.literal('percentage'), percentage: Percentage, ...served }),
    z.strictObject({ type: z.literal('users'), users: z.array(Id).max(5_000), ...served }),
    z.strictObject({ type: z.literal('tenants'), tenants: z.array(Id).max(5_000), ...served }),
    z.strictObject({
      type: z.literal('rules'),
      rules: z
        .array(
          z.strictObject({
            name: z.string().min(1).max(128),
            when: Condition,
            serve: Serve,
          }),
        )
        .max(200)
        .describe('The first that is about somebody decides'),
      otherwise: Serve,
    }),
    z.strictObject({ type: z.literal('weights'), weights: Weights }),
    z
      .strictObject({
        type: z.literal('definition'),
        state: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
        defaultVariant: VariantName.nullable().default(null),
        targeting: Json.optional().describe('JSONLogic as flagd takes it'),
        metadata: z.record(z.string().max(256), z.union([z.string(), z.number(), z.boolean()])).default({}),
      })
      .describe('A definition of flagd as it is'),
  ])
  .meta({ id: 'FlagForm' });
export type Form = z.infer<typeof Form>;

const Window = z
  .strictObject({
    from: z.iso.datetime({ offset: true }),
    until: z.iso.datetime({ offset: true }).optional(),
    serve: Serve,
  })
  .refine(({ from, until }) => until === undefined || epochSeconds(until) > epochSeconds(from), {
    path: ['until'],
    error: 'Expected a time after `from`',
  });

export const FlagKind = z.enum(['release', 'experiment', 'operational', 'permission']);

/** The fields of a flag, each by itself. */
export const FlagFields = z.strictObject({
  description: z.string().max(2_000).default(''),
  owner: z.string().max(200).default(''),
  kind: FlagKind.default('release'),
  tags: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9:_.-]{0,62}$/, 'Expected lower-case letters, digits and :_.-'))
    .max(20)
    .default([]),
  variants: z
    .record(VariantName, Json)
    .default({ on: true, off: false })
    .describe('Values by name, all of one type'),
  off: VariantName.nullable()
    .default('off')
    .describe(
      'The variant of a flag that is switched off or killed; null, in definitions: the code’s own default',
    ),
  enabled: z.boolean().default(true),
  form: Form,
  prerequisites: z
    .array(z.strictObject({ flag: FlagKey, variant: VariantName }))
    .max(20)
    .default([])
    .describe('What others have to give, else this one is off'),
  schedule: z.array(Window).max(50).default([]).describe('The first window that it is in decides'),
  sticky: z.boolean().default(false).describe('In experiments: who saw a variant keeps it'),
  bucketBy: Attribute.default('targetingKey').describe('Whom percentages and weights tell apart'),
  expires: z.iso.date().nullable().default(null).describe('The day on which it should be gone'),
});

type Refused = { path: (string | number)[]; message: string };
type Typed = z.infer<typeof FlagFields>;

/** Every place of a flag that names a variant. */
function namedVariants({ form, off, schedule }: Typed): { path: (string | number)[]; name: string }[] {
  const orOff = off ?? '';
  const of = (serve: Serve, path: (string | number)[]) =>
    servedVariants(serve, orOff)
      .filter((name) => name !== orOff)
      .map((name) => ({ path, name }));
  const ofForm = () => {
    switch (form.type) {
      case 'boolean':
        return form.on ? [{ path: ['form', 'on'], name: 'on' }] : [];
      case 'percentage':
      case 'users':
      case 'tenants':
        return [
          { path: ['form', 'variant'], name: form.variant },
          ...(form.rest === undefined ? [] : [{ path: ['form', 'rest'], name: form.rest }]),
        ];
      case 'weights':
        return Object.keys(form.weights).map((name) => ({ path: ['form', 'weights'], name }));
      case 'rules':
        return [
          ...form.rules.flatMap(({ serve }, at) => of(serve, ['form', 'rules', at, 'serve'])),
          ...of(form.otherwise, ['form', 'otherwise']),
        ];
      default:
        return form.defaultVariant === null
          ? []
          : [{ path: ['form', 'defaultVariant'], name: form.defaultVariant }];
    }
  };
  return [
    ...(off === null ? [] : [{ path: ['off'], name: off }]),
    ...ofForm(),
    ...schedule.flatMap(({ serve }, at) => of(serve, ['schedule', at, 'serve'])),
  ];
}

/** What is wrong between fields that are right by themselves. */
function refused(flag: Typed): Refused[] {
  const { form, kind, off, sticky, variants } = flag;
  const names = Object.keys(variants);
  const expected =
    names.length === 0 ? 'none is defined' : `expected one of ${names.slice(0, 10).join(', ')}`;
  const unknown = namedVariants(flag)
    .filter(({ name }) => !Object.hasOwn(variants, name))
    .map(({ path, name }) => ({ path, message: `There is no variant ${name}: ${expected}` }));
  const types = [...new Set(Object.values(variants).map(typeOf))];
  return [
    ...unknown,
    ...(names.length > 0 || form.type === 'definition'
      ? []
      : [{ path: ['variants'], message: 'Expected at least one variant' }]),
    ...(types.length > 1
      ? [{ path: ['variants'], message: `Expected values of one type, found ${types.join(' and ')}` }]
      : []),
    ...(off === null && form.type !== 'definition'
      ? [{ path: ['off'], message: 'Expected the name of a variant: only definitions may have none' }]
      : []),
    ...(sticky && kind !== 'experiment'
      ? [
          {
            path: ['sticky'],
            message: 'Only experiments are sticky: expected kind experiment, or sticky false',
          },
        ]
      : []),
  ];
}

const typeOf = (value: Json): string => {
  if (Array.isArray(value)) return 'list';
  return value === null ? 'null' : typeof value;
};

/** Fields of a flag, and maybe more, read as a whole: none names a variant that is not there. */
export const consistent = <S extends z.ZodType<Typed>>(fields: S) =>
  bounded(
    fields.superRefine((flag, context) => {
      for (const { path, message } of refused(flag)) context.addIssue({ code: 'custom', path, message });
    }),
  );

/** A flag as it is written, without its key. */
export const Flag = consistent(FlagFields);
export type Flag = z.infer<typeof Flag>;

/** A flag of a document of flagd, as it is taken over. */
export const flagOfDefinition = ({
  state,
  variants,
  defaultVariant,
  targeting,
  metadata,
}: FlagdFlag): unknown => ({
  variants,
  off: offOf(variants, defaultVariant),
  form: {
    type: 'definition',
    state,
    defaultVariant: defaultVariant ?? null,
    ...(targeting === undefined || isEmpty(targeting) ? {} : { targeting }),
    ...(metadata === undefined ? {} : { metadata }),
  },
});

/** `{}` is how flagd’s own tools write that there is none. */
const isEmpty = (targeting: Json): boolean =>
  typeof targeting === 'object' && targeting !== null && Object.keys(targeting).length === 0;

/** What is read of a flag in a document of flagd; the document itself was checked before. */
export const FlagdFlag = z.object({
  state: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  variants: JsonObject.default({}),
  defaultVariant: z.string().nullish(),
  targeting: Json.optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
export type FlagdFlag = z.infer<typeof FlagdFlag>;

/** The variant that switches it off: one that is called so, the one that says false, its default, or none. */
function offOf(variants: JsonObject, defaultVariant: string | null | undefined): string | null {
  if (Object.hasOwn(variants, 'off')) return 'off';
  const [no] = Object.entries(variants).find(([, value]) => value === false) ?? [];
  return no ?? defaultVariant ?? null;
}
