import { z } from 'zod';
import { pageOf } from '#platform/page.ts';
import { ConnectorRef } from '../connectors/schemas.ts';

/** A database may be named by its id or by its name. */
export const DatabaseRef = z.string().min(1).max(63);
export const DatabaseName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,62}$/,
    'expected lower case letters, digits and hyphens, beginning with a letter',
  );
export const SchemaName = z.string().min(1).max(63);

const Time = z.iso.datetime();

/** What a database is besides its name: a fleet of migrations chooses by it. */
export const Labels = z
  .record(
    z.string().regex(/^[a-z][a-z0-9._/-]{0,62}$/, 'expected a label such as tier or team/name'),
    z.string().min(1).max(100),
  )
  .refine((labels) => Object.keys(labels).length <= 32, 'expected at most 32 labels');
export type Labels = z.infer<typeof Labels>;

export const Database = z
  .strictObject({
    id: z.string(),
    name: DatabaseName,
    engine: z.literal('postgresql'),
    schema: z.string().describe('Schema of migrations that name none'),
    labels: Labels,
    connector: z.string().describe('Name of the connector it is reached through'),
    secretArn: z.string().describe('Where the connection is kept; the password itself never comes back'),
    facts: z
      .strictObject({ version: z.string(), database: z.string(), user: z.string() })
      .nullable()
      .describe('What was seen when it was last reached'),
    servedBy: z
      .strictObject({ id: z.string(), name: z.string() })
      .nullable()
      .describe('Where its clients are to go, after a switch to another database; null: here'),
    createdAt: Time,
    createdBy: z.string(),
  })
  .meta({ id: 'Database' });
export type Database = z.infer<typeof Database>;
export const DatabasePage = pageOf(Database).meta({ id: 'DatabasePage' });

export const NewDatabase = z
  .strictObject({
    name: DatabaseName,
    secretArn: z
      .string()
      .regex(
        /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:.+$/,
        'expected the ARN of a Secrets Manager secret',
      )
      .max(2_048)
      .optional(),
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'expected postgresql://user:password@host:port/database')
      .max(4_096)
      .optional()
      .describe('Only in the local environment: stored as a secret at once'),
    engine: z.literal('postgresql').default('postgresql'),
    schema: SchemaName.default('public'),
    labels: Labels.default({}),
    connector: ConnectorRef.default('default').describe('Id or name of the connector it is reached through'),
  })
  .refine((value) => (value.url === undefined) !== (value.secretArn === undefined), {
    error: 'expected exactly one of secretArn and url',
    path: ['secretArn'],
  })
  .meta({ id: 'NewDatabase' });
export type NewDatabase = z.infer<typeof NewDatabase>;

export const ChangedDatabase = z
  .strictObject({
    labels: z
      .record(z.string().max(63), z.string().min(1).max(100).nullable())
      .describe('Labels to set; null takes one away; others stay'),
  })
  .meta({ id: 'ChangedDatabase' });
