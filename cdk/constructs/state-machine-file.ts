import { readFileSync } from 'node:fs';
import { z } from 'zod';

const definition = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), z.unknown()) });

/** A state machine file, parsed as JSON and no further: its own tests judge what is in it. */
export type Definition = z.infer<typeof definition>;

const taskState = z.looseObject({
  Type: z.literal('Task'),
  Resource: z.string(),
  TimeoutSeconds: z.union([z.number(), z.string()]).optional(),
  Arguments: z.looseObject({ FunctionName: z.string().optional(), StateMachineArn: z.string().optional() }),
});
const mapState = z.looseObject({
  Type: z.literal('Map'),
  ItemProcessor: z.looseObject({ ProcessorConfig: z.looseObject({ Mode: z.string() }).optional() }),
  ItemReader: z.unknown().optional(),
  ResultWriter: z.unknown().optional(),
});

/** What a state machine does to the world, and so what its role needs and its functions must bear. */
export interface Uses {
  /** Control-plane functions by the placeholder of their ARN, for example `RecordFailureFunctionArn`. */
  functions: string[];
  /** Data-plane functions by their key in a connector's registration, for example `backfillRange`. */
  connectorFunctions: string[];
  /** State machines it starts, by the placeholder of their ARN. */
  startsStateMachines: string[];
  /** Of these, the ones it waits for. */
  awaitsStateMachines: string[];
  distributedMap: boolean;
  /** The items of a Map are read from the artifacts bucket. */
  readsItems: boolean;
  /** Seconds each task state grants a function to answer; those that wait for a token are not among them. */
  answerSeconds: { function: string; seconds: number }[];
}

/** Reads a state machine definition. Throws when it is not one. */
export function readDefinition(file: string): Definition {
  return definition.parse(JSON.parse(readFileSync(file, 'utf8')));
}

const placeholder = /^\$\{(\w+)\}$/;
const connectorFunction = /\$connector\.functions\.(\w+)/;

function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inside : [value, ...inside];
}

/** The name inside `${…}`; throws for anything else, because rights are granted by these names. */
function named(value: string | undefined, where: string): string {
  const name = value === undefined ? undefined : placeholder.exec(value)?.[1];
  if (name === undefined) throw new Error(`${where} is ${value ?? 'missing'}, expected a placeholder \${…}`);
  return name;
}

/**
 * Collects what a definition uses. Throws on a resource it has no rights for, so that a new kind of task
 * cannot be deployed without them.
 */
export function usesOf(machine: string, states: Definition): Uses {
  const uses: Uses = {
    functions: [],
    connectorFunctions: [],
    startsStateMachines: [],
    awaitsStateMachines: [],
    distributedMap: false,
    readsItems: false,
    answerSeconds: [],
  };
  for (const value of objectsIn(states.States)) {
    const map = mapState.safeParse(value);
    if (map.success && map.data.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED') {
      if (map.data.ResultWriter !== undefined) {
        throw new Error(`${machine}: a distributed Map that writes to S3 has no rights for it yet`);
      }
      uses.distributedMap = true;
      if (map.data.ItemReader !== undefined) uses.readsItems = true;
    }
    const task = taskState.safeParse(value);
    if (!task.success) continue;
    const { Resource: resource, Arguments: args, TimeoutSeconds: seconds } = task.data;
    const [, integration] = /^arn:aws:states:::(.+)$/.exec(resource) ?? [];
    switch (integration) {
      case 'lambda:invoke':
      case 'lambda:invoke.waitForTaskToken': {
        const connector = connectorFunction.exec(args.FunctionName ?? '')?.[1];
        const name = connector ?? named(args.FunctionName, `${machine}: FunctionName`);
        (connector === undefined ? uses.functions : uses.connectorFunctions).push(name);
        if (integration === 'lambda:invoke' && typeof seconds === 'number') {
          uses.answerSeconds.push({ function: name, seconds });
        }
        break;
      }
      case 'states:startExecution':
      case 'states:startExecution.sync:2': {
        const name = named(args.StateMachineArn, `${machine}: StateMachineArn`);
        uses.startsStateMachines.push(name);
        if (integration.endsWith('.sync:2')) uses.awaitsStateMachines.push(name);
        break;
      }
      default:
        throw new Error(`${machine}: no rights are known for the resource ${resource}`);
    }
  }
  const unique = (names: string[]) => [...new Set(names)].sort();
  return {
    ...uses,
    functions: unique(uses.functions),
    connectorFunctions: unique(uses.connectorFunctions),
    startsStateMachines: unique(uses.startsStateMachines),
    awaitsStateMachines: unique(uses.awaitsStateMachines),
  };
}
