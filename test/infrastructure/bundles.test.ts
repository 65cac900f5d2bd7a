import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { migrationFunctions } from '#migrations/functions.ts';
import { pascalCase } from '../../cdk/constructs/names.ts';
import { apis } from '../../cdk/slices/apis.ts';
import { type CapabilityDefinition, entryOf, namesOf } from '../../cdk/slices/capability.ts';
import { configuration } from '../../cdk/slices/configuration.ts';
import { deployments } from '../../cdk/slices/deployments.ts';
import { flags } from '../../cdk/slices/flags.ts';
import { gateway } from '../../cdk/slices/gateway.ts';
import { migrationGrants } from '../../cdk/slices/migration-grants.ts';
import { actionsOf, type Right } from '../../cdk/slices/rights.ts';
import { services } from '../../cdk/slices/services.ts';
import { type BundleFacts, bundleFacts, factsOf, functionNames } from './bundle-facts.ts';
import { bundleInto } from './bundle-into.ts';
import { statementsIn } from './statements.ts';
import { resourcesOf, stackOf, synthesise, telemetrySettings } from './synthesised.ts';

const templates = synthesise(['production'], {
  production: { telemetry: telemetrySettings, noticeSender: 'notices@example.com' },
});

/** A function as it is deployed: its place in a template, its rights, and what its code needs. */
interface Deployed extends BundleFacts {
  stack: string;
  /** Begins the ids of its resources. */
  id: string;
  rights: readonly Right[];
}

async function ofMigrations(): Promise<[string, Deployed][]> {
  const facts = await bundleFacts();
  return functionNames.map((name) => [
    `migrations ${name}`,
    {
      commands: new Set<string>(),
      variables: new Set<string>(),
      ...facts.get(name),
      stack: planes[migrationFunctions[name].plane],
      id: pascalCase(name),
      rights: migrationGrants[name],
    },
  ]);
}

async function ofCapability<Name extends string>(
  { name: capability, functions, grants }: CapabilityDefinition<Name>,
  stack: string,
): Promise<[string, Deployed][]> {
  const names = namesOf(functions);
  const facts = await factsOf(Object.fromEntries(names.map((name) => [name, entryOf(capability, name)])));
  return names.map((name) => [
    `${capability} ${name}`,
    {
      commands: new Set<string>(),
      variables: new Set<string>(),
      ...facts.get(name),
      stack,
      id: pascalCase(capability) + pascalCase(name),
      rights: grants[name],
    },
  ]);
}

/** The action that IAM checks for each SDK command the product may use. */
const actionOfCommand: Record<string, string> = {
  Get: 'dynamodb:GetItem',
  BatchGet: 'dynamodb:BatchGetItem',
  BatchWrite: 'dynamodb:BatchWriteItem',
  Query: 'dynamodb:Query',
  Put: 'dynamodb:PutItem',
  Update: 'dynamodb:UpdateItem',
  Delete: 'dynamodb:DeleteItem',
  GetObject: 's3:GetObject',
  PutObject: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  DeleteObject: 's3:DeleteObject',
  GetSecretValue: 'secretsmanager:GetSecretValue',
  CreateSecret: 'secretsmanager:CreateSecret',
  PutSecretValue: 'secretsmanager:PutSecretValue',
  DeleteSecret: 'secretsmanager:DeleteSecret',
  StartExecution: 'states:StartExecution',
  DescribeExecution: 'states:DescribeExecution',
  SendTaskSuccess: 'states:SendTaskSuccess',
  SendTaskFailure: 'states:SendTaskFailure',
  CreateSchedule: 'scheduler:CreateSchedule',
  SendEmail: 'ses:SendEmail',
  PutEvents: 'events:PutEvents',
  AssumeRole: 'sts:AssumeRole',
  GetMetricData: 'cloudwatch:GetMetricData',
  GenerateDataKey: 'kms:GenerateDataKey',
  Decrypt: 'kms:Decrypt',
  ...Object.fromEntries(
    [
      actionsOf.makeConfigurationPlaces,
      actionsOf.deployConfiguration,
      actionsOf.listDeployments,
      actionsOf.readHostedConfiguration,
      actionsOf.deleteHostedConfiguration,
      actionsOf.readDeployedConfiguration,
    ].flatMap((actions) => actions.map((action) => [action.replace('appconfig:', ''), action])),
  ),
  ...Object.fromEntries(
    actionsOf.useCloudMap.map((action) => [action.replace('servicediscovery:', ''), action]),
  ),
  InvokeWithResponseStream: 'lambda:InvokeFunction',
  DescribeAlarms: 'cloudwatch:DescribeAlarms',
  GetAlias: 'lambda:GetAlias',
  UpdateAlias: 'lambda:UpdateAlias',
  PublishVersion: 'lambda:PublishVersion',
  GetFunctionConfiguration: 'lambda:GetFunctionConfiguration',
  GetProvisionedConcurrencyConfig: 'lambda:GetProvisionedConcurrencyConfig',
  DeleteFunction: 'lambda:DeleteFunction',
  DescribeListeners: 'elasticloadbalancing:DescribeListeners',
  DescribeRules: 'elasticloadbalancing:DescribeRules',
  DescribeTags: 'elasticloadbalancing:DescribeTags',
  DescribeTargetHealth: 'elasticloadbalancing:DescribeTargetHealth',
  ModifyListener: 'elasticloadbalancing:ModifyListener',
  ModifyRule: 'elasticloadbalancing:ModifyRule',
  CreateRule: 'elasticloadbalancing:CreateRule',
  DeleteRule: 'elasticloadbalancing:DeleteRule',
  DescribeServices: 'ecs:DescribeServices',
  UpdateService: 'ecs:UpdateService',
};

const planes = { data: 'production/connector', control: 'production/service' };
const deployedFunctions = [
  ...(await ofMigrations()),
  ...(await ofCapability(services, 'production/services')),
  ...(await ofCapability(gateway, 'production/services')),
  ...(await ofCapability(deployments, 'production/services')),
  ...(await ofCapability(apis, 'production/services')),
  ...(await ofCapability(flags, 'production/services')),
  ...(await ofCapability(configuration, 'production/services')),
];

function resourceOf({ stack, id }: Deployed, type: string, suffix: string) {
  const pattern = new RegExp(`^${id}${suffix}[0-9A-F]{8}$`);
  const found = resourcesOf(stackOf(templates, stack), type).find(([logicalId]) => pattern.test(logicalId));
  if (found === undefined) throw new Error(`${id} has no ${suffix}`);
  return found;
}

describe.each(deployedFunctions)('%s', (_, deployed) => {
  const { commands, variables, rights, stack } = deployed;
  /** Functions of connectors are invoked with the role of the connector, those of the platform with one's own. */
  const invoking = rights.includes('assumeConnector') ? 'sts:AssumeRole' : 'lambda:InvokeFunction';
  const needed = [...commands].map((command) =>
    command === 'Invoke' ? invoking : (actionOfCommand[command] ?? `unknown command ${command}`),
  );

  it('may do what its code calls', () => {
    const [role] = resourceOf(deployed, 'AWS::IAM::Role', 'Role');
    const allowed = statementsIn(stackOf(templates, stack))
      .filter(({ where, statement }) => where === role && statement.Effect === 'Allow')
      .flatMap(({ statement }) => statement.Action);
    expect(needed.filter((action) => !allowed.includes(action))).toEqual([]);
  });

  it('may do nothing that its code does not call', () => {
    const idle = rights.filter((right) => !actionsOf[right].some((action) => needed.includes(action)));
    expect(idle).toEqual([]);
  });

  it('is given every variable its code asks for', () => {
    const [, { Properties }] = resourceOf(deployed, 'AWS::Lambda::Function', 'Function');
    const { Variables } = z
      .object({ Variables: z.record(z.string(), z.unknown()) })
      .parse(Properties.Environment);
    expect([...variables].filter((variable) => !(variable in Variables))).toEqual([]);
  });
});

describe('a bundle as it is deployed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'theseus-bundle-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('carries the parser and keeps the names of errors although it is minified', () => {
    bundleInto('plan-migration', directory);
    expect(readdirSync(directory).sort()).toEqual(['index.mjs', 'index.mjs.map', 'libpg-query.wasm']);
    // The name below is a literal: the class has lost its own.
    expect(readFileSync(join(directory, 'index.mjs'), 'utf8')).not.toContain('class TaskInputInvalid');

    const script = `
      const { handler } = await import(${JSON.stringify(join(directory, 'index.mjs'))});
      const context = { awsRequestId: 'r-1', functionName: 'f', getRemainingTimeInMillis: () => 30_000 };
      await handler({ migrationId: 7, surprise: true }, context).catch((error) => {
        console.log(JSON.stringify({ name: error.name, message: error.message }));
      });
    `;
    const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 20_000,
      env: { LOG_LEVEL: 'SILENT', POWERTOOLS_TRACE_ENABLED: 'false' },
    });
    expect(ran.stderr.slice(-1_000)).toBe('');
    const { name, message } = z
      .object({ name: z.string(), message: z.string() })
      .parse(JSON.parse(ran.stdout));
    expect(name).toBe('TaskInputInvalid');
    expect(message).toContain('/surprise');
  });
});
