import { describe, expect, it } from 'vitest';
import { capabilities } from '#local/capabilities.ts';
import { statementsIn } from './statements.ts';
import { resourcesOf, stackOf, synthesise } from './synthesised.ts';

const templates = synthesise(['dev', 'production']);

describe.each([
  { stage: 'dev', kept: false },
  { stage: 'production', kept: true },
])('the data of $stage', ({ stage, kept }) => {
  const template = stackOf(templates, `${stage}/stateful`);
  const policy = kept ? 'Retain' : 'Delete';

  const tables = resourcesOf(template, 'AWS::DynamoDB::Table').map(([, table]) => table);

  it('keeps records in a table for each capability, paid by use, encrypted and restorable', () => {
    expect(tables.map(({ Properties }) => Properties.TableName).sort()).toEqual(
      capabilities.map(({ name }) => `theseus-${stage}-${name}`).sort(),
    );
    for (const table of tables) {
      expect(table.Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        DeletionProtectionEnabled: kept,
        GlobalSecondaryIndexes: [
          {
            IndexName: 'gsi1',
            KeySchema: [
              { AttributeName: 'gsi1pk', KeyType: 'HASH' },
              { AttributeName: 'gsi1sk', KeyType: 'RANGE' },
            ],
          },
        ],
      });
      expect(table).toMatchObject({ DeletionPolicy: policy, UpdateReplacePolicy: policy });
    }
  });

  it('keeps them under the keys that the laptop uses', () => {
    for (const { name, tables: onLaptop } of capabilities) {
      const [{ definition } = { definition: undefined }, ...others] = onLaptop;
      expect(others).toEqual([]);
      const table = tables.find(({ Properties }) => Properties.TableName === `theseus-${stage}-${name}`);
      expect(table?.Properties).toMatchObject({
        KeySchema: definition?.KeySchema,
        AttributeDefinitions: definition?.AttributeDefinitions,
        GlobalSecondaryIndexes: definition?.GlobalSecondaryIndexes,
        TimeToLiveSpecification: { AttributeName: definition?.timeToLive },
      });
    }
  });

  it('keeps artifacts private, versioned, encrypted with our key', () => {
    const buckets = resourcesOf(template, 'AWS::S3::Bucket').map(([, bucket]) => bucket);
    expect(buckets).toHaveLength(2);
    for (const bucket of buckets) {
      expect(bucket.Properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(bucket.DeletionPolicy).toBe(policy);
    }
    const artifacts = buckets.find(({ Properties }) => 'VersioningConfiguration' in Properties);
    expect(artifacts?.Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }],
      },
      LifecycleConfiguration: {
        Rules: [
          // What was uploaded and never registered; nothing else that is current expires.
          { Prefix: 'uploads/', ExpirationInDays: 1 },
          { NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
        ],
      },
    });
    expect(
      JSON.stringify(artifacts?.Properties.LifecycleConfiguration).match(/ExpirationInDays/g),
    ).toHaveLength(1);
  });

  it('refuses S3 requests without TLS', () => {
    const denies = statementsIn(template).filter(
      ({ type, statement }) =>
        type === 'AWS::S3::BucketPolicy' &&
        statement.Effect === 'Deny' &&
        JSON.stringify(statement.Condition).includes('aws:SecureTransport'),
    );
    expect(denies).toHaveLength(2);
  });

  it('rotates its keys, that of records and that of secrets, and keeps them with the data', () => {
    const keys = resourcesOf(template, 'AWS::KMS::Key');
    expect(keys).toHaveLength(2);
    for (const [, key] of keys) {
      expect(key.Properties.EnableKeyRotation).toBe(true);
      expect(key.DeletionPolicy).toBe(policy);
    }
  });
});

describe('versions', () => {
  const service = stackOf(templates, 'production/service');

  it('are published for every function and retained', () => {
    for (const path of ['production/service', 'production/connector', 'dev/service', 'dev/connector']) {
      const template = stackOf(templates, path);
      const versions = resourcesOf(template, 'AWS::Lambda::Version');
      expect(versions.length).toBe(resourcesOf(template, 'AWS::Lambda::Function').length);
      expect(versions.filter(([, version]) => version.DeletionPolicy !== 'Retain')).toEqual([]);
    }
  });

  it('are published for every state machine, retained, and what the alias points to', () => {
    const machines = resourcesOf(service, 'AWS::StepFunctions::StateMachine');
    const versions = resourcesOf(service, 'AWS::StepFunctions::StateMachineVersion');
    const aliases = resourcesOf(service, 'AWS::StepFunctions::StateMachineAlias');
    expect(machines.length).toBeGreaterThan(3);
    expect([versions.length, aliases.length]).toEqual([machines.length, machines.length]);
    for (const [, version] of versions) {
      expect(version).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
      expect(JSON.stringify(version.Properties)).toContain('StateMachineRevisionId');
    }
    for (const [, alias] of aliases) {
      expect(alias.Properties).toMatchObject({ Name: 'live', RoutingConfiguration: [{ Weight: 100 }] });
    }
  });

  it('are what definitions invoke, never $LATEST', () => {
    for (const [id, machine] of resourcesOf(service, 'AWS::StepFunctions::StateMachine')) {
      const substitutions = JSON.stringify(machine.Properties.DefinitionSubstitutions ?? {});
      const functions = Object.keys(JSON.parse(substitutions)).filter((name) => name.endsWith('FunctionArn'));
      // A rehearsal runs in the connector alone, whose functions its input names with their versions.
      if (!/rehearsal/i.test(id)) expect(functions.length).toBeGreaterThan(0);
      for (const name of functions) {
        expect(substitutions).toMatch(new RegExp(`"${name}":\\{"Ref":"\\w+CurrentVersion\\w+"\\}`));
      }
    }
  });
});
