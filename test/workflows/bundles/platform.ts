import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { capabilities } from '#local/capabilities.ts';
import type { Capability } from '#local/capability.ts';
import type { LocalFunction } from '#local/lambda/runtime.ts';
import { REGION } from '#local/step-functions/arns.ts';
import type { FunctionName } from '#migrations/functions.ts';
import { readMigration } from '#migrations/migration-store.ts';
import type { MigrationStatus } from '#migrations/schemas.ts';
import { secretsManager } from '#platform/clients.ts';
import type { Question } from '../../infrastructure/policy.ts';
import { type Platform, startPlatform } from '../harness.ts';
import { connectionArnPrefix, type DeployedFunction, deployed, telemetryArnPrefix } from './deployment.ts';
import { type Endpoint, startEndpoint } from './endpoint.ts';
import { bundledFunction } from './function.ts';
import { questionsOf } from './questions.ts';
import type { AwsCall } from './wire.ts';

/** A call that a function made, with what IAM would have asked about it. */
export interface RecordedCall {
  call: AwsCall;
  questions: Question[];
}

export interface BundledPlatform extends Platform {
  functions: Map<FunctionName, DeployedFunction>;
  calls: RecordedCall[];
  /** Ends the processes of the functions and deletes their bundles. */
  discard: () => Promise<void>;
  /** Called before every call of a function to AWS; throwing there refuses it. */
  onCalls: Set<(call: AwsCall) => void | Promise<void>>;
}

/** Of the connector in the template: the role that its stack would make. */
const OwnConnector = z.object({ roleArn: z.string(), externalId: z.string() });

/** The product's logs and traces go nowhere, as in all tests. */
const silence = {
  LOG_LEVEL: 'SILENT',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  POWERTOOLS_METRICS_DISABLED: 'true',
  POWERTOOLS_TRACE_ENABLED: 'false',
};

/** State machines are published here by number and in the cloud by the alias `live`. */
const stateMachines = () =>
  Object.entries(process.env).flatMap(([name, value]) =>
    name.endsWith('_STATE_MACHINE_ARN') && value !== undefined ? [[name, value] as const] : [],
  );

/** The functions of migrations, each from its bundle. */
function bundledFunctions(
  { functions }: Capability,
  bundled: ReadonlyMap<FunctionName, Pick<LocalFunction, 'load'>>,
): Capability['functions'] {
  return Object.fromEntries(
    Object.entries(functions).map(([name, facts]) => {
      const own = [...bundled].find(([known]) => known === name)?.[1];
      if (own === undefined) throw new Error(`${name} has no bundle`);
      return [name, { ...facts, load: own.load }];
    }),
  );
}

/**
 * The production environment on the laptop: every function runs from the bundle that would be uploaded, with the
 * variables of its template, and reaches AWS over HTTP; each call is recorded.
 */
export async function startBundledPlatform(rows: number): Promise<BundledPlatform> {
  const { functions, keyArn, discard } = deployed();
  const calls: RecordedCall[] = [];
  const onCalls: BundledPlatform['onCalls'] = new Set();
  const around = { keyArn, customersArnPrefixes: [connectionArnPrefix, telemetryArnPrefix] };
  const endpoint: Endpoint = await startEndpoint({
    async onCall(call) {
      for (const each of onCalls) await each(call);
    },
    onAnswer: (call, answer) => calls.push({ call, questions: questionsOf(call, answer, around) }),
  });
  const bundled = new Map(
    [...functions].map(([name, { bundle, variables }]) => [
      name,
      bundledFunction(bundle, () => ({
        ...variables,
        ...Object.fromEntries(stateMachines()),
        ...silence,
        AWS_REGION: REGION,
        AWS_ENDPOINT_URL: endpoint.url,
        AWS_ACCESS_KEY_ID: name, // tells the endpoint who calls
        AWS_SECRET_ACCESS_KEY: 'local',
      })),
    ]),
  );

  const { roleArn, externalId } = OwnConnector.parse(
    JSON.parse(functions.get('api')?.variables.DEFAULT_CONNECTOR ?? '{}'),
  );
  const platform = await startPlatform({
    rows,
    ownRole: { arn: roleArn, externalId },
    capabilities: capabilities.map((capability) => ({
      ...capability,
      schedules: [],
      functions:
        capability.name === 'migrations' ? bundledFunctions(capability, bundled) : capability.functions,
    })),
    async connection(url) {
      const Name = `databases/shop-${randomUUID()}`;
      const made = await secretsManager().send(new CreateSecretCommand({ Name, SecretString: url }));
      return { name: 'shop', secretArn: made.ARN };
    },
  });
  return Object.assign(platform, {
    functions,
    calls,
    onCalls,
    async discard() {
      await Promise.all([...bundled.values()].map(({ stop }) => stop()));
      await endpoint.stop();
      discard();
    },
    async until(id: string, ...statuses: MigrationStatus[]) {
      // Looked up in the store, since asking the API this often would be most of the work.
      for (let look = 0; look < 4_000; look += 1) {
        const { status } = await readMigration(id);
        if (statuses.includes(status)) return platform.show(id);
        await pause(50);
      }
      const { status, phase, errors } = await platform.show(id);
      throw new Error(`${id} is still ${status} (${phase}): ${JSON.stringify(errors)}`);
    },
  });
}
