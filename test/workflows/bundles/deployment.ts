import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { artifactsBucket, eventBusName } from '#local/environment.ts';
import { ACCOUNT, REGION } from '#local/step-functions/arns.ts';
import { type FunctionName, migrationFunctions } from '#migrations/functions.ts';
import { pascalCase } from '../../../cdk/constructs/names.ts';
import { functionNames } from '../../../cdk/slices/migration-tasks.ts';
import { type Deployment, resolve } from '../../infrastructure/intrinsics.ts';
import { type PlainStatement, plainStatement } from '../../infrastructure/policy.ts';
import { statementsIn } from '../../infrastructure/statements.ts';
import {
  type Resource,
  resourcesOf,
  stackOf,
  synthesiseWithBundles,
  type Template,
  telemetrySettings,
} from '../../infrastructure/synthesised.ts';

const stage = 'production';
const prefix = `theseus-${stage}`;
const planes = { data: `${stage}/connector`, control: `${stage}/service` };

/** Begins the ARNs of the secrets that this deployment may read, as its operator would choose it. */
export const connectionArnPrefix = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:databases/`;

/** Begins the ARN of the secret with the headers of its telemetry. */
export const telemetryArnPrefix = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:telemetry/`;

/** A function as CloudFormation would make it, in the laptop's account and under the laptop's names. */
export interface DeployedFunction {
  /** The file that is uploaded. */
  bundle: string;
  variables: Record<string, string>;
  /** What its role may do. */
  statements: PlainStatement[];
}

const FunctionProperties = z.object({
  FunctionName: z.string(),
  Code: z.object({ S3Key: z.string() }),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});

/** Table, bucket and bus have the laptop's names; functions keep their short ones; the rest goes by its id. */
function nameOf(logicalId: string, { Type, Properties }: Resource): string {
  if (Type === 'AWS::Lambda::Function') {
    const { FunctionName } = FunctionProperties.parse(Properties);
    return FunctionName.replace(/^theseus-production-(migrations|default)-/, 'migrations-');
  }
  if (Type === 'AWS::DynamoDB::Table') return String(Properties.TableName).replace(`${prefix}-`, 'theseus-');
  if (Type === 'AWS::S3::Bucket' && /^Artifacts[0-9A-F]{8}$/.test(logicalId)) return artifactsBucket;
  if (Type === 'AWS::Events::EventBus') return eventBusName;
  return logicalId;
}

export interface DeployedProduction {
  functions: Map<FunctionName, DeployedFunction>;
  /** Of the environment's key. */
  keyArn: string;
  /** Deletes the bundles. */
  discard: () => void;
}

/** The production environment, synthesised with its bundles in this process: about ten seconds. */
export function deployed(): DeployedProduction {
  const { templates, directory } = synthesiseWithBundles(stage, {
    production: { telemetry: telemetrySettings },
  });
  const deployment: Deployment = {
    account: ACCOUNT,
    region: REGION,
    templates,
    pathOf: (stackName) => `${stage}/${stackName.slice(prefix.length + 1)}`,
    parameters: { ConnectionArnPrefix: connectionArnPrefix },
    nameOf,
  };
  // State machines are addressed by fixed names, which begin with the environment in the cloud only.
  const local = (template: Template, value: unknown) =>
    resolve(deployment, template, value)
      .replaceAll(/:(stateMachine|execution):theseus-production-/g, ':$1:')
      // The connector is told what the ARNs of its functions have in common.
      .replaceAll(/:function:theseus-production-default-/g, ':function:migrations-');

  const functionOf = (name: FunctionName): DeployedFunction => {
    const template = stackOf(templates, planes[migrationFunctions[name].plane]);
    const idOf = (type: string, suffix: string): [string, Resource] => {
      const id = new RegExp(`^${pascalCase(name)}${suffix}[0-9A-F]{8}$`);
      const found = resourcesOf(template, type).find(([logicalId]) => id.test(logicalId));
      if (found === undefined) throw new Error(`${name} has no ${suffix} in its template`);
      return found;
    };
    const [, { Properties }] = idOf('AWS::Lambda::Function', 'Function');
    const { Code, Environment } = FunctionProperties.parse(Properties);
    const variables = Object.entries(Environment.Variables).map(([key, value]) => [
      key,
      local(template, value),
    ]);
    const [role] = idOf('AWS::IAM::Role', 'Role');
    return {
      bundle: join(directory, `asset.${Code.S3Key.replace(/\.zip$/, '')}`, 'index.mjs'),
      variables: Object.fromEntries(variables),
      statements: statementsIn(template)
        // Who may take on the role stands in the same resource; it names no resources.
        .filter(({ where, statement }) => where === role && statement.Resource !== undefined)
        .map(({ statement }) => plainStatement(statement, (value) => local(template, value))),
    };
  };
  const stateful = stackOf(templates, `${stage}/stateful`);
  const [key] = resourcesOf(stateful, 'AWS::KMS::Key')[0] ?? [];
  return {
    functions: new Map(functionNames.map((name) => [name, functionOf(name)])),
    keyArn: local(stateful, { 'Fn::GetAtt': [key, 'Arn'] }),
    discard: () => rmSync(directory, { recursive: true, force: true }),
  };
}
