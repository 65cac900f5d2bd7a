import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias, Code } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { FunctionFacts } from '#platform/function-facts.ts';
import {
  type ConfigurationApplication,
  type ConfigurationApplicationProps,
  configurationApplication,
  letAppConfigAsk,
} from '../constructs/appconfig.ts';
import { handlerCode } from '../constructs/handler-code.ts';
import {
  functionArn,
  liveAlias,
  liveStateMachineArn,
  metricSecrets,
  pascalCase,
  webhookSecrets,
} from '../constructs/names.ts';
import { root } from '../constructs/repository.ts';
import { readDefinition } from '../constructs/state-machine-file.ts';
import { type TaskFunction, taskFunction } from '../constructs/task-function.ts';
import { workflow } from '../constructs/workflow.ts';
import type { Environment } from '../environments.ts';
import { type Right, statementsOf } from './rights.ts';
import { wakesOf } from './wakes.ts';

/** A capability of the control plane: its functions with their rights, and the state machines that call them. */
export interface CapabilityDefinition<Name extends string> {
  /** The folder below functions/, for example `deployments`. */
  name: string;
  functions: Readonly<Record<Name, FunctionFacts>>;
  grants: Readonly<Record<Name, readonly Right[]>>;
  /** Bundled once for all stages. */
  codeOf: (name: Name) => Code;
  /** First path segments of its routes. */
  nouns: readonly string[];
  /** Its state machines, by the names of their files. */
  machines: readonly string[];
  /** The function that its one-time schedules call. */
  wakes?: NoInfer<Name>;
  /** The deployment strategies of its application at AppConfig, where it deploys configuration. */
  strategies?: ConfigurationApplicationProps['strategies'];
  /** The function that AppConfig asks whether what is to be deployed is valid. */
  validator?: NoInfer<Name>;
}

/** What is written of a capability; the rest follows. */
type Written<Name extends string> = Omit<CapabilityDefinition<Name>, 'codeOf'>;

export function capability<Name extends string>(written: Written<Name>): CapabilityDefinition<Name> {
  const entries = namesOf(written.functions).map((name) => [name, entryOf(written.name, name)]);
  return { ...written, codeOf: handlerCode(Object.fromEntries(entries)) };
}

export interface CapabilityProps {
  environment: Environment;
  /** Its one table. */
  table: { name: string; arn: string };
  key: IKey;
  /** The artifacts bucket, where it keeps what is large. */
  bucket: { name: string; arn: string };
  eventBus: EventBus;
  /** Functions of other capabilities that it asks, by the variable that names them to it. */
  asks: Readonly<Record<string, Alias>>;
  /** Of KMS, where it seals secrets. */
  secretsKeyArn?: string;
  /** Further variables of its functions. */
  variables?: Record<string, string>;
}

export interface DeployedCapability<Name extends string> {
  functions: Map<Name, TaskFunction>;
  /** The alias of a function that stays when a version is published: for whatever is not an execution. */
  live: (name: Name) => Alias;
  /** At AppConfig, where it deploys configuration. */
  application: ConfigurationApplication | undefined;
}

/** Functions that no state machine calls: their files are beside tasks/. */
const besideTasks = new Set(['api', 'serve', 'authorize']);

/** Where the handler of a function is. */
export const entryOf = (capability: string, name: string): string =>
  besideTasks.has(name) ? `functions/${capability}/${name}.ts` : `functions/${capability}/tasks/${name}.ts`;

/** The names of a record's keys, which its type says and `Object.keys` forgets. */
export const namesOf = <Name extends string>(record: Readonly<Record<Name, unknown>>): Name[] =>
  // Records here are written out: they have the keys of their type and no others.
  Object.keys(record) as Name[];

const upper = (name: string) => name.toUpperCase().replaceAll('-', '_');
const asksOf = (asks: CapabilityProps['asks'], capability: string) =>
  Object.entries(asks).flatMap(([variable, alias]) =>
    variable.startsWith(`${upper(capability)}_`) ? [alias.functionArn] : [],
  );

/** Deploys a capability into a scope of its own in `scope`. */
export function deployCapability<Name extends string>(
  scope: Construct,
  definition: CapabilityDefinition<Name>,
  props: CapabilityProps,
): DeployedCapability<Name> {
  const { name: noun, machines } = definition;
  const { environment, table, key, bucket, eventBus } = props;
  const { prefix } = environment;
  const inside = new Construct(scope, pascalCase(noun));
  const names = namesOf(definition.functions);
  const { wakes: woken } = definition;
  const wakes = woken === undefined ? undefined : wakesOf(inside, `${prefix}-${noun}-${woken}`);
  const application =
    definition.strategies === undefined
      ? undefined
      : configurationApplication(inside, {
          name: `${prefix}-${noun}`,
          description: `What ${noun} of ${prefix} deploys`,
          strategies: definition.strategies,
        });
  const { validator } = definition;
  const resources = {
    ...wakes,
    ...(application === undefined ? {} : { application }),
    noticeSender: environment.noticeSender,
    ...(props.secretsKeyArn === undefined ? {} : { secretsKeyArn: props.secretsKeyArn }),
    prefix,
    tableArn: table.arn,
    keyArn: key.keyArn,
    bucketArn: bucket.arn,
    machines: [...machines],
    eventBusArn: eventBus.eventBusArn,
    asked: {
      gateway: asksOf(props.asks, 'gateway'),
      services: asksOf(props.asks, 'services'),
      flags: asksOf(props.asks, 'flags'),
    },
  };
  const variables = {
    THESEUS_ENVIRONMENT: environment.name,
    THESEUS_AUDIT_DAYS: String(environment.auditDays),
    [`${upper(noun)}_TABLE`]: table.name,
    ARTIFACTS_BUCKET: bucket.name,
    EVENT_BUS_NAME: eventBus.eventBusName,
    WEBHOOK_SECRETS: webhookSecrets(prefix),
    METRIC_SECRETS: metricSecrets(prefix),
    ...(wakes === undefined || woken === undefined
      ? {}
      : {
          SCHEDULE_GROUP: wakes.scheduleGroup,
          SCHEDULER_ROLE_ARN: wakes.schedulerRoleArn,
          [`${upper(noun)}_${upper(woken)}_FUNCTION`]: wakes.functionArn,
        }),
    ...(application === undefined
      ? {}
      : {
          ...application.strategies,
          [`${upper(noun)}_APPLICATION`]: application.id,
          [`${upper(noun)}_ALARM_ROLE`]: application.alarmRoleArn,
        }),
    ...(validator === undefined
      ? {}
      : {
          // By its name: the functions that hand it to AppConfig are made beside it.
          [`${upper(noun)}_VALIDATOR_FUNCTION`]: `${functionArn(scope, `${prefix}-${noun}-${validator}`)}:${liveAlias}`,
        }),
    ...Object.fromEntries(
      machines.map((machine) => [
        `${upper(machine)}_STATE_MACHINE_ARN`,
        liveStateMachineArn(scope, prefix, machine),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(props.asks).map(([variable, alias]) => [variable, alias.functionArn]),
    ),
    ...props.variables,
  };
  const functions = new Map(
    names.map((name): [Name, TaskFunction] => [
      name,
      taskFunction(inside, name, {
        functionName: `${prefix}-${noun}-${name}`,
        code: definition.codeOf(name),
        description: `Theseus ${prefix}: ${name} of ${noun}`,
        timeoutSeconds: definition.functions[name].timeoutSeconds,
        memoryMb: definition.functions[name].memoryMb,
        environment: variables,
        statements: statementsOf(scope, [...definition.grants[name]], resources),
        logRetention: environment.logRetention,
        keepData: environment.keepData,
        logKey: key,
        ...(name === 'serve' && environment.gateway.concurrency !== null
          ? { concurrency: environment.gateway.concurrency }
          : {}),
      }),
    ]),
  );
  const versions = new Map(
    [...functions].map(([name, { version }]) => [`${pascalCase(name)}FunctionArn`, version]),
  );
  for (const machine of machines) {
    workflow(inside, {
      environment,
      machine,
      definition: readDefinition(`${root}state-machines/${machine}.asl.json`),
      functions: versions,
      machines: [...machines],
      connectorRoles: [],
      key,
      bucketArn: bucket.arn,
    });
  }
  const aliases = new Map<Name, Alias>();
  function live(name: Name): Alias {
    const found = aliases.get(name) ?? functions.get(name)?.handler.addAlias(liveAlias);
    if (found === undefined) throw new Error(`${name} is not a function of ${noun}`);
    aliases.set(name, found);
    return found;
  }
  if (validator !== undefined) letAppConfigAsk(live(validator));
  return { functions, live, application };
}
