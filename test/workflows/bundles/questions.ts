import { z } from 'zod';
import { ACCOUNT, REGION } from '#local/step-functions/arns.ts';
import type { Question } from '../../infrastructure/policy.ts';
import type { AwsCall } from './wire.ts';

/** What the answers to these questions depend on besides the call. */
export interface Surroundings {
  /** Encrypts records, artifacts and executions. */
  keyArn: string;
  /** What the ARNs of the customer's secrets begin with, whose keys are the customer's. */
  customersArnPrefixes: readonly string[];
}

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** In S3 a part or the end of an upload is a put. */
const actionOfCommand: Record<string, string> = {
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
};

/** The action IAM checks for an SDK command of a service. */
export const actionOf = (service: string, command: string): string =>
  `${service}:${actionOfCommand[command] ?? command}`;

const Table = z.object({ TableName: z.string(), IndexName: z.string().optional() });
const Tables = z.object({ RequestItems: z.record(z.string(), z.unknown()) });
const Entries = z.object({ Entries: z.array(z.object({ EventBusName: z.string() })) });
const Schedule = z.object({
  Name: z.string(),
  GroupName: z.string(),
  Target: z.object({ RoleArn: z.string() }),
});
const Place = z.object({ Bucket: z.string(), Key: z.string() });
const Secret = z.object({ ARN: z.string() });
const SecretAsked = z.object({ SecretId: z.string().optional(), Name: z.string().optional() });
const Started = z.object({ stateMachineArn: z.string() });
const Described = z.object({ executionArn: z.string() });
const Assumed = z.object({ RoleArn: z.string() });

type Ask = (call: AwsCall, answer: object, around: Surroundings) => Question[];

/** A service that decrypts and encrypts in the caller's name. */
const throughKey = (service: string, keyArn: string, actions: string[], more: Record<string, string> = {}) =>
  actions.map((action) => ({
    action: `kms:${action}`,
    resource: keyArn,
    context: { 'kms:ViaService': `${service}.${REGION}.amazonaws.com`, ...more },
  }));

const dynamodb: Ask = ({ command, input }, _answer, { keyArn }) => {
  const action = actionOf('dynamodb', command);
  const tables =
    command === 'BatchGetItem' || command === 'BatchWriteItem'
      ? Object.keys(Tables.parse(input).RequestItems).map((name) => arn('dynamodb', `table/${name}`))
      : [Table.parse(input)].map(({ TableName, IndexName }) =>
          arn('dynamodb', `table/${TableName}${IndexName === undefined ? '' : `/index/${IndexName}`}`),
        );
  return [
    ...tables.map((resource) => ({ action, resource })),
    ...throughKey('dynamodb', keyArn, ['Decrypt']),
  ];
};

const s3: Ask = ({ command, input }, answer, { keyArn }) => {
  const { Bucket, Key } = Place.parse(input);
  const action = actionOf('s3', command);
  const missing = answer instanceof Error && answer.name === 'NoSuchKey';
  const needed = action === 's3:GetObject' ? ['Decrypt'] : ['Decrypt', 'GenerateDataKey'];
  return [
    { action, resource: `arn:aws:s3:::${Bucket}/${Key}` },
    // Who may not list is told that a missing object is forbidden.
    ...(missing ? [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${Bucket}` }] : []),
    // What takes away decrypts nothing.
    ...(command === 'AbortMultipartUpload' || command === 'DeleteObject'
      ? []
      : throughKey('s3', keyArn, needed)),
  ];
};

/** Secrets Manager appends a hyphen and six characters to a name. */
const secretArn = (given: string) =>
  given.startsWith('arn:') ? given : arn('secretsmanager', `secret:${given}-AbCdEf`);

const secretsmanager: Ask = ({ command, input }, answer, { customersArnPrefixes }) => {
  const { SecretId, Name } = SecretAsked.parse(input);
  const resource = Secret.safeParse(answer).data?.ARN ?? secretArn(SecretId ?? Name ?? '');
  const customers = customersArnPrefixes.some((prefix) => resource.startsWith(prefix));
  const itsKey = arn('kms', 'key/of-the-customer');
  return [
    { action: actionOf('secretsmanager', command), resource },
    ...(customers
      ? throughKey('secretsmanager', itsKey, ['Decrypt'], { 'kms:EncryptionContext:SecretARN': resource })
      : []),
  ];
};

const states: Ask = ({ command, input }, _answer, { keyArn }) => {
  const action = actionOf('states', command);
  const machine = Started.safeParse(input).data?.stateMachineArn;
  const execution = Described.safeParse(input).data?.executionArn;
  const name = (machine ?? execution)?.split(':')[6] ?? 'migration'; // a token does not tell its machine
  const context = {
    'kms:EncryptionContext:aws:states:stateMachineArn': arn('states', `stateMachine:${name}`),
  };
  return [
    { action, resource: machine ?? execution ?? '*' },
    ...['Decrypt', 'GenerateDataKey'].map((each) => ({ action: `kms:${each}`, resource: keyArn, context })),
  ];
};

const scheduler: Ask = ({ command, input }) => {
  const { Name, GroupName, Target } = Schedule.parse(input);
  return [
    { action: actionOf('scheduler', command), resource: arn('scheduler', `schedule/${GroupName}/${Name}`) },
    {
      action: 'iam:PassRole',
      resource: Target.RoleArn,
      context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    },
  ];
};

const events: Ask = ({ command, input }) =>
  Entries.parse(input).Entries.map(({ EventBusName }) => ({
    action: actionOf('events', command),
    resource: arn('events', `event-bus/${EventBusName}`),
  }));

const sts: Ask = ({ command, input }) => [
  { action: actionOf('sts', command), resource: Assumed.parse(input).RoleArn },
];

/** Asked about the connector's role, which has the right: the one who took it on needs none. */
const lambda: Ask = () => [];

const services: Record<string, Ask> = {
  dynamodb,
  s3,
  secretsmanager,
  states,
  scheduler,
  events,
  sts,
  lambda,
};

/** Everything IAM asks before a call is served: about the action itself, and what it needs besides. */
export function questionsOf(call: AwsCall, answer: object, around: Surroundings): Question[] {
  const ask = services[call.service];
  if (ask === undefined) throw new Error(`Nobody knows what IAM asks about ${call.service}:${call.command}`);
  return ask(call, answer, around);
}
