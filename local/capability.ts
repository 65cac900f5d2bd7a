import type { TableDefinition } from './dynamodb/dynamodb.ts';
import type { Json } from './events/pattern.ts';
import type { GatewayOptions } from './http/gateway.ts';
import type { LocalFunction } from './lambda/runtime.ts';

/** Addresses of what is deployed here, for environment variables of functions. */
export interface Addresses {
  /** ARN of this capability's function, by its short name. */
  functionArn: (shortName: string) => string;
  stateMachineArn: (name: string) => string;
  /** The role of the laptop's own connector. */
  roleArn: string;
}

/** An application of AppConfig, which tells EventBridge of its deployments, and variables with its id and others. */
export interface ConfigurationApplication {
  /** The variable that tells functions the application's id. */
  variable: string;
  name: string;
  /** Deployment strategies, each with the variable that tells its id; growth in percent. */
  strategies: readonly {
    variable: string;
    name: string;
    minutes: number;
    growthType: 'LINEAR' | 'EXPONENTIAL';
    growthFactor: number;
    bakeMinutes: number;
  }[];
}

/**
 * What one capability owns, as its CDK slice declares it for the cloud. Functions have short names, unique
 * within the capability (`expand`); deployed they are called `<capability>-<short name>`.
 */
export interface Capability {
  name: string;
  functions: Readonly<Record<string, LocalFunction>>;
  /** Those that a connector hosts: short name by the key that a registration has for it, `backfillRange`. */
  dataPlane: Readonly<Record<string, string>>;
  /**
   * State machines by name. `${ExpandFunctionArn}` and `${MigrationRollbackStateMachineArn}` in a file stand
   * for the ARNs of this capability's function `expand` and of the state machine `migration-rollback`.
   */
  stateMachines: Readonly<Record<string, URL>>;
  /** Tables, and the variable that tells functions their names. */
  tables: readonly { variable: string; definition: TableDefinition }[];
  /** Which paths of the HTTP API which function answers. */
  http: readonly { prefix: string; function: string }[];
  /** Which of them need no token, besides /openapi.json and /health: `GET /apis/documents/{api}/{pair}`. */
  open?: readonly string[];
  /** The data plane that answers on a listener of its own, as a REST API in front of it does in the cloud. */
  traffic?: GatewayOptions['load'];
  /**
   * EventBridge rules, on the default bus, where AWS's own events are, or on another. `pattern` is an event pattern; the
   * function gets the event.
   */
  rules: readonly { name: string; bus?: string; pattern: Json; function: string }[];
  /** Recurring schedules: `rate(1 minute)` or a cron expression; the function gets `input`. */
  schedules: readonly { name: string; expression: string; function: string; input: unknown }[];
  /** Where it deploys configuration. */
  application?: ConfigurationApplication;
  /** Keys of KMS, which are rotated every year, each with the variable that tells its ARN. */
  keys?: readonly { variable: string; alias: string }[];
  /**
   * Further variables of its functions. Every state machine's ARN is there already
   * (`MIGRATION_ROLLBACK_STATE_MACHINE_ARN`), and so is what every capability gets (see local/environment.ts).
   */
  environment: (addresses: Addresses) => Record<string, string>;
}

export const functionName = (capability: Capability, shortName: string): string =>
  `${capability.name}-${shortName}`;
