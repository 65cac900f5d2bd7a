import { z } from 'zod';
import { pageOf } from '#platform/page.ts';
import { connectorFunctions } from '../functions.ts';

/** A connector may be named by its id or by its name. */
export const ConnectorRef = z.string().min(1).max(63);

export const ConnectorName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    'expected at most 32 lower case letters, digits and hyphens, beginning with a letter',
  );

const Region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a Region such as eu-central-1')
  .describe('Where its functions are');

const RoleArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/,
    'expected the ARN of a role: arn:aws:iam::<account>:role/…',
  )
  .describe('Assumed to invoke its functions');

const ExternalId = z
  .string()
  .regex(
    /^[\w+=,.@:/-]{2,1224}$/,
    'expected the external id of the role: 2 to 1224 letters, digits and +=,.@:/-',
  )
  .describe("What the role's trust policy demands of the API; needed when it demands one");

const FunctionArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]{1,64}:\d+$/,
    'expected the ARN of a published version: arn:aws:lambda:<region>:<account>:function:<name>:<version>',
  );

const Functions = z
  .record(
    z.string().regex(/^[a-z][A-Za-z0-9]{0,63}$/, 'expected the name of a task in camelCase'),
    FunctionArn,
  )
  .describe('ARN of a published function version by task; every task that touches a database is named');

const fields = { region: Region, roleArn: RoleArn, externalId: ExternalId.optional(), functions: Functions };

interface Registered {
  region: string;
  roleArn: string;
  functions: Record<string, string>;
}

/** What a schema of one field cannot see: that nothing is missing, and that all is of one account and Region. */
function whole({ region, roleArn, functions }: Registered, context: z.core.$RefinementCtx<Registered>): void {
  const refuse = (path: string[], message: string) =>
    context.addIssue({ code: 'custom', path, message, input: functions });
  for (const name of connectorFunctions) {
    if (functions[name] === undefined) refuse(['functions', name], 'Missing: no function for this task');
  }
  const account = roleArn.split(':')[4];
  for (const [name, arn] of Object.entries(functions)) {
    const [, , , where, of] = arn.split(':');
    if (where !== region)
      refuse(['functions', name], `expected a function in ${region}, this one is in ${where}`);
    if (of !== account) {
      refuse(
        ['functions', name],
        `expected a function of ${account}, the account of the role; this one is of ${of}`,
      );
    }
  }
}

/** What can be said anew of a connector that stands: a new release of its stack. */
export const ConnectorUpdate = z.strictObject(fields).superRefine(whole).meta({ id: 'ConnectorUpdate' });
export type ConnectorUpdate = z.infer<typeof ConnectorUpdate>;

/** The output `Registration` of a connector's stack is one. */
export const NewConnector = z
  .strictObject({ name: ConnectorName, ...fields })
  .superRefine(whole)
  .meta({ id: 'NewConnector' });
export type NewConnector = z.infer<typeof NewConnector>;

const Time = z.iso.datetime();
export const Connector = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    region: z.string(),
    roleArn: z.string(),
    functions: z.record(z.string(), z.string()),
    createdAt: Time.nullable().describe('Null for the connector that was deployed with the platform'),
    createdBy: z.string().nullable(),
    updatedAt: Time.nullable(),
  })
  .meta({ id: 'Connector' });
export type Connector = z.infer<typeof Connector>;
export const ConnectorPage = pageOf(Connector).meta({ id: 'ConnectorPage' });
