import { App, Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { actionsOf, type Right, statementsOf } from '../../cdk/slices/rights.ts';
import { askedBelow } from './appconfig-questions.ts';
import { resolve } from './intrinsics.ts';
import { allows, plainStatement } from './policy.ts';
import { statementsIn } from './statements.ts';

const account = '123456789012';
const region = 'eu-central-1';
const here = `arn:aws:appconfig:${region}:${account}`;
const ours = `${here}:application/abc1234`;
const alarmRoleArn = `arn:aws:iam::${account}:role/alarms`;
const asked = askedBelow('env1234', 'pro1234');

const template = { Parameters: {}, Outputs: {}, Resources: {} };
const deployment = {
  account,
  region,
  templates: new Map([['test', template]]),
  pathOf: (name: string) => name,
  parameters: {},
  nameOf: (logicalId: string) => logicalId,
};

/** Whether a function with this right may do that, as IAM would decide. */
function may(right: Right): (action: string, resource: string, context?: Record<string, string>) => boolean {
  const stack = new Stack(new App(), 'test', { env: { account, region } });
  const Statement: unknown = stack.resolve(
    statementsOf(stack, [right], {
      prefix: 'theseus-test',
      tableArn: `arn:aws:dynamodb:${region}:${account}:table/records`,
      keyArn: `arn:aws:kms:${region}:${account}:key/ours`,
      application: { arn: ours, alarmRoleArn },
    }).map((each) => each.toStatementJson()),
  );
  const holder = { Type: 'AWS::IAM::Policy', Properties: { Statement }, Metadata: {} };
  const statements = statementsIn({ ...template, Resources: { holder } }).map(({ statement }) =>
    plainStatement(statement, (value) => resolve(deployment, template, value)),
  );
  return (action, resource, context = {}) => allows(statements, { action, resource, context });
}

const rights = [
  'makeConfigurationPlaces',
  'deployConfiguration',
  'listDeployments',
  'readHostedConfiguration',
  'deleteHostedConfiguration',
  'readDeployedConfiguration',
] as const;

describe.each(rights)('%s', (right) => {
  it('reaches everything that its calls are about, and no other application', () => {
    const allowed = may(right);
    for (const action of actionsOf[right]) {
      const parts = asked[action.replace('appconfig:', '')];
      if (parts === undefined) throw new Error(`Nobody said what ${action} is about`);
      for (const part of parts) {
        expect(allowed(action, ours + part), `${action} ${part}`).toBe(true);
        expect(allowed(action, `${here}:application/abc12345${part}`), `${action} of another`).toBe(false);
      }
    }
  });

  it('may not do what the others may', () => {
    const foreign = rights.filter((one) => one !== right).flatMap((one) => actionsOf[one]);
    for (const action of foreign) expect(may(right)(action, ours), action).toBe(false);
  });
});

describe('strategies and alarms', () => {
  it('are those of the platform, of AWS and of users; the role of alarms goes to AppConfig alone', () => {
    for (const id of ['s7d8f9g', 'AppConfig.AllAtOnce'])
      expect(
        may('deployConfiguration')('appconfig:StartDeployment', `${here}:deploymentstrategy/${id}`),
      ).toBe(true);
    const pass = (service: string) =>
      may('makeConfigurationPlaces')('iam:PassRole', alarmRoleArn, { 'iam:PassedToService': service });
    expect(pass('appconfig.amazonaws.com')).toBe(true);
    expect(pass('lambda.amazonaws.com')).toBe(false);
  });
});
