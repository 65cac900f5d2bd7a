import { CfnRole, Effect, PolicyStatement, type PolicyStatementProps, type Role } from 'aws-cdk-lib/aws-iam';

/**
 * Every statement whose resources hold a wildcard, by its Sid, with the reason. A test refuses a wildcard
 * that is not listed and an entry that nothing uses.
 */
export const wildcardReasons = {
  Trace: 'X-Ray knows no resources: these actions cannot be limited to any.',
  DeliverLogs:
    'Log delivery of Step Functions is configured through actions that CloudWatch Logs does not limit to resources.',
  AttachToNetwork:
    'Lambda itself attaches a function to its VPC with the role of the function; a Deny keeps the code of the function from these actions.',
  Invoke:
    'The versions of a function get their numbers when they are published; all are of this one function.',
  ReadArtifacts: 'Keys begin with the id of a migration, which is not known before it exists.',
  ReadItems: 'Keys begin with the id of a fleet, which is not known before it exists.',
  WriteArtifacts: 'Keys begin with the id of a migration, which is not known before it exists.',
  WriteBackups: 'Keys begin with the id of a migration, which is not known before it exists.',
  DeleteBackups:
    'Keys begin with the id of a migration; nothing outside the folder of backups can be deleted.',
  ListRecords: 'The indexes of this one table.',
  InvokeTargets:
    'Functions behind the gateway belong to its users and are not known here; only those with the tag theseus:gateway=target are invoked.',
  ReadDatabaseSecret:
    'Secrets Manager appends six random characters to a name, and a prefix is what the owner of the databases chose.',
  DecryptDatabaseSecret:
    "The key of a customer's secret is not known; it decrypts through Secrets Manager and for these secrets only.",
  DecryptTelemetryHeaders:
    'The key of the secret is not known; it decrypts through Secrets Manager and for this secret only.',
  MakeLoginSecret:
    'Secrets Manager appends six random characters to a name, which ends with the id of a migration.',
  DeleteLoginSecret:
    'Secrets Manager appends six random characters to a name, which ends with the id of a migration.',
  ReadWebhookSecret:
    'Secrets Manager appends six random characters to a name, which ends with the id of a webhook.',
  KeepWebhookSecret:
    'Secrets Manager appends six random characters to a name, which ends with the id of a webhook.',
  PassThroughEndpoint: 'Whoever comes through the endpoint still needs rights of its own.',
  AssumeConnector: 'One connector a VPC, each named by whoever deployed it; accounts are listed.',
  StartWorkflow: 'The versions of this one state machine get their numbers when they are published.',
  ReadExecution: 'Executions of these state machines get their names when they start.',
  ObserveExecution: 'Executions of these state machines get their names when they start.',
  ScheduleRemoval: 'One schedule a migration, named by its id, in this one schedule group.',
  ScheduleWake: 'One schedule a wait, named by its deprecation, in this one schedule group.',
  KeepConsumerSecret:
    'Secrets Manager appends six random characters to a name, which ends with the id of a consumer.',
  KeepSubscriberSecret:
    'Secrets Manager appends six random characters to a name, which ends with the name of a service.',
  RunMap: 'The child executions of a distributed Map get their names when it runs.',
  MoveTargets:
    'Which functions, listeners and services are deployed to is not known here; only those tagged theseus:deployments=target can be.',
  TagCanaries: 'Rules of load balancers are tagged while they are made, and only then.',
  DescribeTargets:
    'Load balancing and ECS do not limit these actions to what is tagged; they change nothing.',
  ReadAlarms: 'Which alarms a deployment names is not known here; it changes nothing.',
  KeepGateSecret: 'Secrets Manager appends six random characters to the name of this one secret.',
  ReadPromotionSecret: 'Secrets Manager appends six random characters to the name of this one secret.',
  MakeConfigurationPlaces:
    'Environments and profiles of this one application get their ids when somebody sets one up.',
  DeployConfiguration:
    'Environments, profiles and deployments of this one application get their ids when they are made; whoever sets up an environment names its strategy.',
  ListDeployments: 'Environments of this one application get their ids when somebody sets one up.',
  DeleteFlagObjects:
    'Keys begin with the name of an environment of flags; nothing outside the folder of flags can be deleted.',
  DeleteHostedConfiguration:
    'Profiles and versions of this one application get their ids when they are made.',
  ReadHostedConfiguration: 'Profiles and versions of this one application get their ids when they are made.',
  ReadDeployedConfiguration:
    'Environments and profiles of this one application get their ids when somebody sets one up.',
  ReadMetricSecret:
    'Secrets Manager appends six random characters to a name, which ends with the name that a deployment gives.',
  ReadMetrics: 'CloudWatch does not limit this action to any metrics.',
  UseCloudMap:
    'Cloud Map: which namespace is meant is known to whoever asks for an export; others are left alone by tag.',
  TagCloudMap: 'Cloud Map: the mark on what an export makes, and no other tag.',
  AnswerToken:
    'Task tokens are the authority: Step Functions does not limit these actions to a state machine.',
} as const;

const isWildcardSid = (sid: string): sid is keyof typeof wildcardReasons => sid in wildcardReasons;

/** An Allow with a Sid, by which its wildcards, if it has any, find their reason. */
export function allow(sid: string, statement: Omit<PolicyStatementProps, 'sid' | 'effect'>): PolicyStatement {
  return new PolicyStatement({ sid, effect: Effect.ALLOW, ...statement });
}

/** Writes the reasons for the wildcards of a role into its metadata, where a reader of the template finds them. */
export function explainWildcards(role: Role, statements: PolicyStatement[]): void {
  const reasons = statements.flatMap(({ sid }) =>
    sid !== undefined && isWildcardSid(sid) ? [[sid, wildcardReasons[sid]] as const] : [],
  );
  const resource = role.node.defaultChild;
  if (reasons.length === 0 || !(resource instanceof CfnRole)) return;
  resource.addMetadata('theseus:wildcards', Object.fromEntries(reasons));
}
