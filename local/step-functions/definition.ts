import { z } from 'zod';

/*
 * Amazon States Language, JSONata only, as far as the engine interprets it. Every object is strict: a field
 * that is not listed here is refused when a definition is loaded, never ignored.
 */

/** AWS's upper bound of every duration in a definition, in seconds. */
const LONGEST_SECONDS = 99_999_999;

const expression = z
  .string()
  .regex(/^\{%[\s\S]*%\}$/, 'expected a number or a JSONata expression between {% and %}');
const seconds = z.union([z.int().min(0).max(LONGEST_SECONDS), expression]);
const positiveSeconds = z.union([z.int().min(1).max(LONGEST_SECONDS), expression]);
const count = z.union([z.int().min(0), expression]);
const percentage = z.union([z.number().min(0).max(100), expression]);
/** A JSON value whose strings between {% and %} are evaluated. */
const template = z.json().optional();
const assign = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,79}$/), z.json()).optional();

const named = { Comment: z.string().optional(), QueryLanguage: z.literal('JSONata').optional() };
const transition = { Next: z.string().optional(), End: z.literal(true).optional() };
const shaped = { Output: template, Assign: assign };

const retrier = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: z.array(z.string().min(1)).min(1),
  IntervalSeconds: z.int().min(1).max(LONGEST_SECONDS).optional(),
  MaxAttempts: z.int().min(0).max(LONGEST_SECONDS).optional(),
  BackoffRate: z.number().min(1).optional(),
  MaxDelaySeconds: z.int().min(1).max(31_622_400).optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).optional(),
});
const catcher = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: z.array(z.string().min(1)).min(1),
  Next: z.string(),
  ...shaped,
});
const guarded = { Retry: z.array(retrier).optional(), Catch: z.array(catcher).optional() };

const pass = z.strictObject({ Type: z.literal('Pass'), ...named, ...transition, ...shaped });
const succeed = z.strictObject({ Type: z.literal('Succeed'), ...named, Output: template });
const fail = z.strictObject({
  Type: z.literal('Fail'),
  ...named,
  Error: z.string().optional(),
  Cause: z.string().optional(),
});
const wait = z.strictObject({
  Type: z.literal('Wait'),
  ...named,
  ...transition,
  ...shaped,
  Seconds: seconds.optional(),
  Timestamp: z.string().optional(),
});
const choice = z.strictObject({
  Type: z.literal('Choice'),
  ...named,
  ...shaped,
  Choices: z
    .array(
      z.strictObject({
        Comment: z.string().optional(),
        Condition: z.union([expression, z.boolean()]),
        Next: z.string(),
        ...shaped,
      }),
    )
    .min(1),
  Default: z.string().optional(),
});

/** The service integrations the engine has. */
export const TASK_RESOURCES = [
  'arn:aws:states:::lambda:invoke',
  'arn:aws:states:::lambda:invoke.waitForTaskToken',
  'arn:aws:states:::states:startExecution',
  'arn:aws:states:::states:startExecution.sync:2',
] as const;

const task = z.strictObject({
  Type: z.literal('Task'),
  ...named,
  ...transition,
  ...shaped,
  ...guarded,
  Resource: z.enum(TASK_RESOURCES),
  Arguments: z.record(z.string(), z.json()),
  TimeoutSeconds: positiveSeconds.optional(),
  HeartbeatSeconds: positiveSeconds.optional(),
  Credentials: z.strictObject({ RoleArn: z.string() }).optional(),
});

const parallel = z.strictObject({
  Type: z.literal('Parallel'),
  ...named,
  ...transition,
  ...shaped,
  ...guarded,
  Arguments: template,
  Branches: z.array(z.lazy((): z.ZodType<Scope> => scope)).min(1),
});

const itemReader = z.strictObject({
  Resource: z.enum(['arn:aws:states:::s3:getObject', 'arn:aws:states:::s3:listObjectsV2']),
  ReaderConfig: z
    .strictObject({
      InputType: z.enum(['JSON', 'JSONL', 'CSV']).optional(),
      CSVHeaderLocation: z.enum(['FIRST_ROW', 'GIVEN']).optional(),
      CSVHeaders: z.array(z.string()).optional(),
      CSVDelimiter: z.enum(['COMMA', 'PIPE', 'SEMICOLON', 'SPACE', 'TAB']).optional(),
      MaxItems: count.optional(),
    })
    .optional(),
  Arguments: z.record(z.string(), z.json()),
});
const map = z.strictObject({
  Type: z.literal('Map'),
  ...named,
  ...transition,
  ...shaped,
  ...guarded,
  Items: template,
  ItemSelector: template,
  ItemReader: itemReader.optional(),
  ItemBatcher: z
    .strictObject({
      MaxItemsPerBatch: z.union([z.int().min(1), expression]).optional(),
      MaxInputBytesPerBatch: z.union([z.int().min(1).max(262_144), expression]).optional(),
      BatchInput: template,
    })
    .optional(),
  ItemProcessor: z.lazy((): z.ZodType<ItemProcessor> => itemProcessor),
  MaxConcurrency: count.optional(),
  ToleratedFailureCount: count.optional(),
  ToleratedFailurePercentage: percentage.optional(),
  ResultWriter: z
    .strictObject({
      Resource: z.literal('arn:aws:states:::s3:putObject'),
      Arguments: z.record(z.string(), z.json()),
    })
    .optional(),
  Label: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,40}$/)
    .optional(),
});

const state = z.discriminatedUnion('Type', [pass, succeed, fail, wait, choice, task, parallel, map]);
const states = z.record(
  z
    .string()
    .min(1)
    .max(80)
    .refine((name) => name !== '__proto__', 'reserved'),
  state,
);
const scope = z.strictObject({ ...named, StartAt: z.string(), States: states });
const itemProcessor = z.strictObject({
  ...named,
  StartAt: z.string(),
  States: states,
  ProcessorConfig: z
    .strictObject({
      Mode: z.enum(['INLINE', 'DISTRIBUTED']).optional(),
      ExecutionType: z.enum(['STANDARD', 'EXPRESS']).optional(),
    })
    .optional(),
});

/** A whole state machine. */
export const definitionSchema = z.strictObject({
  Comment: z.string().optional(),
  Version: z.literal('1.0').optional(),
  QueryLanguage: z.literal('JSONata', 'expected "JSONata": JSONPath is not interpreted'),
  StartAt: z.string(),
  TimeoutSeconds: z.int().min(1).max(LONGEST_SECONDS).optional(),
  States: states,
});

export type State = z.infer<typeof state>;
export type Task = z.infer<typeof task>;
export type Choice = z.infer<typeof choice>;
export type Wait = z.infer<typeof wait>;
export type Parallel = z.infer<typeof parallel>;
export type MapState = z.infer<typeof map>;
export type Retrier = z.infer<typeof retrier>;
export type Catcher = z.infer<typeof catcher>;
export type Definition = z.infer<typeof definitionSchema>;

/** States that run under one StartAt: a machine, a branch of a Parallel, or what a Map does with each item. */
export interface Scope {
  Comment?: string | undefined;
  QueryLanguage?: 'JSONata' | undefined;
  StartAt: string;
  States: Record<string, State>;
}

export interface ItemProcessor extends Scope {
  ProcessorConfig?:
    | { Mode?: 'INLINE' | 'DISTRIBUTED' | undefined; ExecutionType?: 'STANDARD' | 'EXPRESS' | undefined }
    | undefined;
}

/** True for a Map whose items run as executions of their own. */
export function isDistributed(state: MapState): boolean {
  return state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED';
}

/** Every scope directly inside a state. */
export function innerScopes(state: State): Scope[] {
  if (state.Type === 'Parallel') return state.Branches;
  if (state.Type === 'Map') return [state.ItemProcessor];
  return [];
}

/** The state of that name anywhere in the machine: AWS demands that names are unique in the whole machine. */
export function findState(within: Scope, name: string): State | undefined {
  if (Object.hasOwn(within.States, name)) return within.States[name];
  for (const candidate of Object.values(within.States)) {
    for (const inner of innerScopes(candidate)) {
      const found = findState(inner, name);
      if (found) return found;
    }
  }
  return undefined;
}
