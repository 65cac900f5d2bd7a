import { describe, expect, it } from 'vitest';
import { resolve } from './intrinsics.ts';
import { allows, type PlainStatement, plainStatement } from './policy.ts';

const statement = (more: Partial<PlainStatement>): PlainStatement => ({
  sid: '',
  effect: 'Allow',
  actions: ['s3:GetObject'],
  resources: ['arn:aws:s3:::bucket/*'],
  conditions: {},
  ...more,
});
const question = { action: 's3:GetObject', resource: 'arn:aws:s3:::bucket/a/b' };

describe('a policy', () => {
  it('allows what a statement allows and nothing denies', () => {
    expect(allows([], question)).toBe(false);
    expect(allows([statement({})], question)).toBe(true);
    expect(allows([statement({}), statement({ effect: 'Deny', actions: ['s3:*'] })], question)).toBe(false);
  });

  it('knows actions in any case, resources only as they are, and both with wildcards', () => {
    expect(allows([statement({ actions: ['S3:getobject'] })], question)).toBe(true);
    expect(allows([statement({ actions: ['s3:Get?bject'] })], question)).toBe(true);
    expect(allows([statement({ actions: ['s3:Get'] })], question)).toBe(false);
    expect(allows([statement({ resources: ['arn:aws:s3:::Bucket/*'] })], question)).toBe(false);
    expect(allows([statement({ resources: ['arn:aws:s3:::bucket'] })], question)).toBe(false);
    expect(allows([statement({ resources: ['arn:aws:s3:::b.cket/*'] })], question)).toBe(false);
  });

  it('holds every condition, each for one of its values', () => {
    const conditions = {
      StringEquals: { 'kms:ViaService': ['s3.eu', 'dynamodb.eu'] },
      StringLike: { who: ['a*'] },
    };
    const asked = (context?: Record<string, string>) =>
      allows([statement({ conditions })], { ...question, ...(context === undefined ? {} : { context }) });
    expect(asked({ 'kms:ViaService': 's3.eu', who: 'anna' })).toBe(true);
    expect(asked({ 'kms:ViaService': 's3.eu', who: 'bob' })).toBe(false);
    expect(asked({ 'kms:ViaService': 's3.e', who: 'anna' })).toBe(false);
    expect(asked()).toBe(false);
  });

  it('compares ARNs part by part', () => {
    const conditions = { ArnLike: { of: ['arn:aws:states:*:1:stateMachine:a*'] } };
    const of = (arn: string) => allows([statement({ conditions })], { ...question, context: { of: arn } });
    expect(of('arn:aws:states:eu:1:stateMachine:abc')).toBe(true);
    expect(of('arn:aws:states:eu:x:1:stateMachine:abc')).toBe(false);
  });

  it('refuses to judge what it does not understand', () => {
    const conditions = { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8'] } };
    expect(() => allows([statement({ conditions })], question)).toThrow(/IpAddress/);
    expect(() =>
      plainStatement({ Effect: 'Allow', Action: [], NotAction: 's3:*', Resource: ['*'] }, String),
    ).toThrow(/NotAction/);
  });
});

describe('a template', () => {
  const resource = (Type: string, Properties: Record<string, unknown> = {}) => ({
    Type,
    Properties,
    Metadata: {},
  });
  const template = {
    Parameters: {},
    Resources: {
      Table: resource('AWS::DynamoDB::Table'),
      Task: resource('AWS::Lambda::Function'),
      TaskVersion: resource('AWS::Lambda::Version', { FunctionName: { Ref: 'Task' } }),
    },
    Outputs: { TableArn: { Value: { 'Fn::GetAtt': ['Table', 'Arn'] } } },
  };
  const deployment = {
    account: '1',
    region: 'eu',
    templates: new Map([['dev/stateful', template]]),
    pathOf: (name: string) => name.replace('theseus-dev-', 'dev/'),
    parameters: { Given: 'by hand' },
    nameOf: (logicalId: string) => logicalId.toLowerCase(),
  };
  const text = (value: unknown) => resolve(deployment, template, value);

  it.each([
    ['a text', 'a text'],
    [{ Ref: 'AWS::Region' }, 'eu'],
    [{ Ref: 'Given' }, 'by hand'],
    [{ Ref: 'Table' }, 'table'],
    [{ Ref: 'TaskVersion' }, 'arn:aws:lambda:eu:1:function:task:1'],
    [{ 'Fn::Join': [':', ['a', { Ref: 'AWS::AccountId' }]] }, 'a:1'],
    [
      { 'Fn::GetStackOutput': { StackName: 'theseus-dev-stateful', OutputName: 'TableArn' } },
      'arn:aws:dynamodb:eu:1:table/table',
    ],
  ])('says %j as CloudFormation would', (value, expected) => {
    expect(text(value)).toBe(expected);
  });

  it('is not guessed at', () => {
    for (const value of [
      { Ref: 'Unknown' },
      { 'Fn::GetAtt': ['Table', 'StreamArn'] },
      { 'Fn::Sub': 'Table' },
      7,
    ]) {
      expect(() => text(value)).toThrow(/Only CloudFormation knows/);
    }
  });
});
