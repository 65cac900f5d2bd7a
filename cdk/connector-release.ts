import { App, type AppProps, CfnParameter, DefaultStackSynthesizer, Stack, Validations } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { SolutionsChecks } from './checks.ts';
import { connector } from './constructs/connector.ts';
import { asSynthesizer } from './constructs/interfaces.ts';
import { stageNames } from './environments.ts';
import { connectorVariables, dataPlaneActions, migrationDataPlane } from './slices/migration-tasks.ts';

/**
 * The connector as one plain CloudFormation template, for an account that knows nothing of CDK. What an
 * environment's own connector has from its sibling stacks are parameters here, the bucket with the code
 * among them.
 */
export function connectorRelease(props: AppProps = {}): App {
  const app = new App(props);
  const stack = new Stack(app, 'theseus-connector', {
    description: 'Theseus connector: the functions that migrate the databases of this VPC',
    synthesizer: asSynthesizer(
      new DefaultStackSynthesizer({
        // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation fills in the parameter below
        fileAssetsBucketName: '${CodeBucket}',
        generateBootstrapVersionRule: false, // the account need not be prepared for CDK
      }),
    ),
  });
  const parameter = (id: string, description: string, allowedPattern: string): string =>
    new CfnParameter(stack, id, { type: 'String', description, allowedPattern }).valueAsString;

  parameter('CodeBucket', 'Bucket of this Region with the code of the functions', '^[a-z0-9.-]{3,63}$');
  const name = parameter('ConnectorName', 'Tells apart the connectors of an account', '^[a-z0-9-]{1,16}$');
  const prefix = parameter('Platform', 'For example theseus-production', '^[a-z][a-z0-9-]{2,23}$');
  const environment = new CfnParameter(stack, 'Environment', {
    type: 'String',
    description: 'The environment of the platform',
    allowedValues: [...stageNames],
  }).valueAsString;
  const account = parameter('PlatformAccount', 'The account of the platform', '^[0-9]{12}$');
  const tableArn = parameter(
    'TableArn',
    "Output TableArn of the platform's stateful stack",
    '^arn:.+:table/.+$',
  );
  const bucketName = parameter(
    'ArtifactsBucket',
    'Output ArtifactsBucket of the same stack',
    '^[a-z0-9.-]{3,63}$',
  );
  const keyArn = parameter('KeyArn', 'Output KeyArn of the same stack', '^arn:.+:key/.+$');
  const stores = {
    table: tableArn,
    tableArn,
    bucketName,
    bucketArn: stack.formatArn({ service: 's3', region: '', account: '', resource: bucketName }),
    keyArn,
  };
  connector(stack, {
    platform: { prefix, account, ...stores, actions: dataPlaneActions() },
    name,
    tasks: migrationDataPlane(stack, prefix, stores),
    environment: connectorVariables(environment, prefix, stores),
    logRetention: RetentionDays.THREE_MONTHS,
    keepData: false,
  });
  Validations.of(app).addPlugins(new SolutionsChecks(app, { verbose: true }));
  return app;
}
