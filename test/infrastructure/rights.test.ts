import { describe, expect, it } from 'vitest';
import { unexplainedWildcards } from '../../cdk/checks.ts';
import { wildcardReasons } from '../../cdk/constructs/statements.ts';
import { type Statement, statementsIn } from './statements.ts';
import { resourcesOf, synthesise, synthesiseRelease, telemetrySettings } from './synthesised.ts';

const elsewhere = '210987654321';
const templates = new Map([
  ...synthesise(['production'], {
    production: {
      connectorAccounts: [elsewhere],
      telemetry: telemetrySettings,
      noticeSender: 'notices@example.com',
    },
  }),
  ['release', synthesiseRelease()],
]);
const all = [...templates].flatMap(([stack, template]) =>
  statementsIn(template).map((each) => ({ ...each, stack })),
);
const identities = all.filter(({ type }) => type === 'AWS::IAM::Role' || type === 'AWS::IAM::Policy');
const hasWildcard = (value: unknown) => JSON.stringify(value ?? '').includes('*');

describe('rights', () => {
  it('finds the policies at all', () => {
    expect(identities.length).toBeGreaterThan(100);
  });

  it('grants no action by wildcard to any identity', () => {
    const found = identities.filter(
      ({ statement }) => statement.Effect === 'Allow' && hasWildcard(statement.Action),
    );
    expect(found).toEqual([]);
  });

  it('grants no wildcard resource without a reason beside its Sid', () => {
    const found = identities.filter(
      ({ statement }) =>
        statement.Effect === 'Allow' &&
        statement.Resource?.some(hasWildcard) &&
        !(statement.Sid !== undefined && statement.Sid in wildcardReasons),
    );
    expect(found.map(({ stack, where, statement }) => `${stack} ${where} ${statement.Sid}`)).toEqual([]);
  });

  it('keeps no reason that nothing needs', () => {
    const used = new Set(
      all
        .filter(({ statement }) => statement.Resource?.some(hasWildcard))
        .map(({ statement }) => statement.Sid),
    );
    const conditional = new Set(['ObserveExecution']); // for a kind of state that no file has yet
    expect(Object.keys(wildcardReasons).filter((sid) => !used.has(sid) && !conditional.has(sid))).toEqual([]);
  });

  it('writes the reasons into the metadata of the roles', () => {
    const roles = [...templates.values()].flatMap((template) => resourcesOf(template, 'AWS::IAM::Role'));
    const silent = roles.filter(
      ([, { Properties, Metadata }]) =>
        JSON.stringify(Properties.Policies ?? []).includes('*') && !('theseus:wildcards' in Metadata),
    );
    expect(silent.map(([id]) => id)).toEqual([]);
  });

  it('uses no managed policy, whose content others change', () => {
    const roles = [...templates.values()].flatMap((template) => resourcesOf(template, 'AWS::IAM::Role'));
    expect(roles.filter(([, { Properties }]) => 'ManagedPolicyArns' in Properties)).toEqual([]);
  });

  it('lets nobody write to the table or bucket from outside but the connectors of listed accounts', () => {
    const outside = all.filter(
      ({ stack, type, statement }) =>
        stack === 'production/stateful' && type !== 'AWS::KMS::Key' && statement.Effect === 'Allow',
    );
    expect(outside.map(({ statement }) => statement.Sid ?? statement.Action.join())).toEqual(
      expect.arrayContaining(['WriteFromConnectors', 'WriteFromConnectors']),
    );
    for (const { statement } of outside.filter(({ statement }) => statement.Sid === 'WriteFromConnectors')) {
      expect(JSON.stringify(statement.Condition)).toContain(
        `${elsewhere}:role/theseus-production-connector/*`,
      );
    }
  });

  it('lets a connector be used by the state machines and the API of its platform only', () => {
    for (const stack of ['production/connector', 'release']) {
      const trust = all.filter(
        ({ stack: of, where, statement }) =>
          of === stack && where.startsWith('InvokeRole') && statement.Action.includes('sts:AssumeRole'),
      );
      const conditions = trust.map(({ statement }) => JSON.stringify(statement.Condition));
      expect(conditions).toHaveLength(2);
      for (const [at, path] of ['-workflow/*', '-api/*'].entries()) {
        expect(conditions[at]).toContain('sts:ExternalId');
        expect(conditions[at]).toContain(path);
      }
      // What the API has to name is of this stack alone.
      expect(conditions[1]).toContain('{"Fn::Select":[2,{"Fn::Split":["/",{"Ref":"AWS::StackId"}]}]}');
    }
    const rights = all.filter(
      ({ where, statement }) =>
        where.startsWith('InvokeRole') && !statement.Action.includes('sts:AssumeRole'),
    );
    expect(new Set(rights.flatMap(({ statement }) => statement.Action))).toEqual(
      new Set(['lambda:InvokeFunction']),
    );
  });
});

describe('a state machine with distributed Maps', () => {
  const of = (machine: string) =>
    all.filter(
      ({ stack, where, statement }) =>
        stack === 'production/service' && where.startsWith(`${machine}Role`) && statement.Effect === 'Allow',
    );
  const one = (sid: string) => of('Migration').find(({ statement }) => statement.Sid === sid)?.statement;

  it('may start itself, and see to the children it started', () => {
    const start = one('StartChildren');
    expect(start?.Action).toEqual(['states:StartExecution']);
    expect(start?.Resource?.map((arn) => JSON.stringify(arn))).toEqual([
      expect.stringMatching(/:stateMachine:theseus-production-migration"/),
    ]);
    const run = one('RunMap');
    expect(run?.Action.toSorted()).toEqual([
      'states:DescribeExecution',
      'states:RedriveExecution',
      'states:StopExecution',
    ]);
    expect(run?.Resource?.map((arn) => JSON.stringify(arn))).toEqual([
      expect.stringMatching(/:execution:theseus-production-migration\/\*"/),
    ]);
    expect(JSON.stringify(one('EncryptExecutions')?.Condition)).toMatch(/theseus-production-migration\/\*"/);
  });

  it('alone may do so', () => {
    for (const machine of ['MigrationRollback', 'MigrationUndo', 'MigrationRemoval']) {
      expect(of(machine).length, machine).toBeGreaterThan(3);
      expect(of(machine).map(({ statement }) => statement.Sid)).not.toContain('RunMap');
      expect(of(machine).map(({ statement }) => statement.Sid)).not.toContain('StartChildren');
    }
  });

  it('does not wait for itself: its role names no state machine by reference', () => {
    const roles = [...templates.values()].flatMap((template) =>
      resourcesOf(template, 'AWS::IAM::Role').map(([id, { Properties }]) => ({ id, Properties, template })),
    );
    const found = roles.filter(({ Properties, template }) =>
      resourcesOf(template, 'AWS::StepFunctions::StateMachine').some(([machine]) =>
        JSON.stringify(Properties).includes(`"${machine}"`),
      ),
    );
    expect(found.map(({ id }) => id)).toEqual([]);
  });

  it('is reconciled at its own end, not at that of a child: those are named otherwise', () => {
    const rules = [...templates.values()].flatMap((template) => resourcesOf(template, 'AWS::Events::Rule'));
    const patterns = rules.map(([, { Properties }]) => JSON.stringify(Properties.EventPattern ?? ''));
    const ended = patterns.filter((pattern) => pattern.includes('aws.states'));
    const ofMigrations = ended.filter((pattern) => pattern.includes('production-migration'));
    expect(ofMigrations).toHaveLength(1);
    expect(ofMigrations[0]).toContain('stateMachine:theseus-production-migration"');
    for (const pattern of ended) expect(pattern).not.toMatch(/prefix|wildcard|\*/);
  });
});

describe('the check behind it', () => {
  const policy = (statement: Partial<Statement>) => [
    { Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::a/b', ...statement }] },
  ];

  it.each([
    ['an action with a wildcard', { Sid: 'ReadArtifacts', Action: ['s3:Get*'] }],
    ['every resource without a Sid', { Resource: ['*'] }],
    ['every resource with a Sid nobody explained', { Sid: 'Whatever', Resource: ['*'] }],
    ['a wildcard inside an intrinsic function', { Resource: [{ 'Fn::Join': ['', ['arn:', '/*']] }] }],
  ])('refuses %s', (_, statement) => {
    expect(unexplainedWildcards(policy(statement))).toHaveLength(1);
  });

  it('accepts a named resource, an explained wildcard, and any Deny', () => {
    expect(unexplainedWildcards(policy({}))).toEqual([]);
    expect(unexplainedWildcards(policy({ Sid: 'Trace', Resource: ['*'] }))).toEqual([]);
    expect(unexplainedWildcards(policy({ Effect: 'Deny', Action: ['s3:*'], Resource: ['*'] }))).toEqual([]);
  });
});
