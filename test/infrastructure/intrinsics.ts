import { z } from 'zod';
import { type Resource, stackOf, type Template } from './synthesised.ts';

/** Where templates are taken to be deployed, and what CloudFormation would name there. */
export interface Deployment {
  account: string;
  region: string;
  templates: Map<string, Template>;
  /** The path of a stack among the templates, by its name. */
  pathOf: (stackName: string) => string;
  /** What somebody gave for a stack's parameters. */
  parameters: Record<string, string>;
  /** The physical name of a resource. */
  nameOf: (logicalId: string, resource: Resource) => string;
}

const joined = z.strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });
const reference = z.strictObject({ Ref: z.string() });
const attribute = z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.enum(['Arn', 'Version'])]) });
const selected = z.strictObject({
  'Fn::Select': z.tuple([z.int(), z.strictObject({ 'Fn::Split': z.tuple([z.string(), z.unknown()]) })]),
});
const output = z.strictObject({
  'Fn::GetStackOutput': z.object({ StackName: z.string(), OutputName: z.string() }),
});
const anOutput = z.object({ Value: z.unknown() });

/** The ARN of a resource: what follows the service, Region and account. Global services leave those out. */
const arnPatterns: Record<string, (name: string, region: string, account: string) => string> = {
  'AWS::DynamoDB::Table': (name, region, account) => `arn:aws:dynamodb:${region}:${account}:table/${name}`,
  'AWS::Events::EventBus': (name, region, account) => `arn:aws:events:${region}:${account}:event-bus/${name}`,
  'AWS::IAM::Role': (name, _region, account) => `arn:aws:iam::${account}:role/${name}`,
  'AWS::KMS::Key': (name, region, account) => `arn:aws:kms:${region}:${account}:key/${name}`,
  'AWS::Lambda::Function': (name, region, account) => `arn:aws:lambda:${region}:${account}:function:${name}`,
  'AWS::Logs::LogGroup': (name, region, account) => `arn:aws:logs:${region}:${account}:log-group:${name}:*`,
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name}`,
};

/** What CloudFormation appends to the id of every stack, here the same for all. */
const stackUnique = '7d1f5c3e-0000-4000-8000-000000000000';

/** The first version of a function, which is what a first deployment publishes. */
const firstVersion = '1';

/**
 * The text that CloudFormation makes of a value in a template. Throws an Error that quotes what it does not know:
 * a guess would let a policy mean something else than in the cloud.
 */
export function resolve(deployment: Deployment, template: Template, value: unknown): string {
  const { account, region } = deployment;
  const inner = (each: unknown) => resolve(deployment, template, each);
  if (typeof value === 'string') return value;
  const join = joined.safeParse(value).data?.['Fn::Join'];
  if (join !== undefined) return join[1].map(inner).join(join[0]);
  const select = selected.safeParse(value).data?.['Fn::Select'];
  if (select !== undefined) {
    const [separator, whole] = select[1]['Fn::Split'];
    return inner(whole).split(separator)[select[0]] ?? '';
  }
  const elsewhere = output.safeParse(value).data?.['Fn::GetStackOutput'];
  if (elsewhere !== undefined) {
    const other = stackOf(deployment.templates, deployment.pathOf(elsewhere.StackName));
    return resolve(deployment, other, anOutput.parse(other.Outputs[elsewhere.OutputName]).Value);
  }
  const pseudo: Record<string, string> = {
    'AWS::AccountId': account,
    'AWS::Region': region,
    'AWS::Partition': 'aws',
    'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/theseus/${stackUnique}`,
  };
  const id = reference.safeParse(value).data?.Ref;
  if (id !== undefined) {
    const known = pseudo[id] ?? deployment.parameters[id];
    if (known !== undefined) return known;
    const resource = template.Resources[id];
    if (resource?.Type === 'AWS::Lambda::Version') {
      const { FunctionName } = z.object({ FunctionName: reference }).parse(resource.Properties);
      return `${inner({ 'Fn::GetAtt': [FunctionName.Ref, 'Arn'] })}:${firstVersion}`;
    }
    if (resource !== undefined) return deployment.nameOf(id, resource);
  }
  const [owner = '', which] = attribute.safeParse(value).data?.['Fn::GetAtt'] ?? [];
  const resource = template.Resources[owner];
  if (resource?.Type === 'AWS::Lambda::Version' && which === 'Version') return firstVersion;
  const arn = arnPatterns[resource?.Type ?? ''];
  if (resource !== undefined && arn !== undefined && which === 'Arn') {
    const { Path: path } = z.object({ Path: z.string().default('/') }).parse(resource.Properties);
    return arn(`${path.slice(1)}${deployment.nameOf(owner, resource)}`, region, account);
  }
  throw new Error(`Only CloudFormation knows what this is: ${JSON.stringify(value)}`);
}
