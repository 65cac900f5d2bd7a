import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { migrationFunctions } from '#migrations/functions.ts';
import { pascalCase } from '../../cdk/constructs/names.ts';
import { migrationGrants } from '../../cdk/slices/migration-grants.ts';
import { actionsOf } from '../../cdk/slices/migration-rights.ts';
import { bundleFacts, functionNames } from './bundle-facts.ts';
import { bundleInto } from './bundle-into.ts';
import { statementsIn } from './statements.ts';
import { resourcesOf, stackOf, synthesise, telemetrySettings } from './synthesised.ts';

const facts = await bundleFacts();
const templates = synthesise(['production'], { production: { telemetry: telemetrySettings } });

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
  PutEvents: 'events:PutEvents',
  AssumeRole: 'sts:AssumeRole',
  // Of connectors' functions, with the role of the connector.
  Invoke: 'sts:AssumeRole',
};

const planes = { data: 'production/connector', control: 'production/service' };
const stackOfFunction = (name: (typeof functionNames)[number]) =>
  stackOf(templates, planes[migrationFunctions[name].plane]);

function resourceOf(name: (typeof functionNames)[number], type: string, suffix: string) {
  const id = new RegExp(`^${pascalCase(name)}${suffix}[0-9A-F]{8}$`);
  const found = resourcesOf(stackOfFunction(name), type).find(([logicalId]) => id.test(logicalId));
  if (found === undefined) throw new Error(`${name} has no ${suffix}`);
  return found;
}

describe.each(functionNames)('%s', (name) => {
  const { commands, variables } = facts.get(name) ?? {
    commands: new Set<string>(),
    variables: new Set<string>(),
  };
  const needed = [...commands].map((command) => actionOfCommand[command] ?? `unknown command ${command}`);

  it('may do what its code calls', () => {
    const [role] = resourceOf(name, 'AWS::IAM::Role', 'Role');
    const allowed = statementsIn(stackOfFunction(name))
      .filter(({ where, statement }) => where === role && statement.Effect === 'Allow')
      .flatMap(({ statement }) => statement.Action);
    expect(needed.filter((action) => !allowed.includes(action))).toEqual([]);
  });

  it('may do nothing that its code does not call', () => {
    const idle = migrationGrants[name].filter(
      (right) => !actionsOf[right].some((action) => needed.includes(action)),
    );
    expect(idle).toEqual([]);
  });

  it('is given every variable its code asks for', () => {
    const [, { Properties }] = resourceOf(name, 'AWS::Lambda::Function', 'Function');
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
