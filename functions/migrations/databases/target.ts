import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { secretsManager } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import type { TaskTools } from '#platform/task.ts';
import type { Engine, OpenEngine, RunOptions } from '../engines/engine.ts';
import { openPostgres } from '../engines/postgresql/engine.ts';
import { SecretInvalid } from '../errors.ts';
import { remembered } from '../executions/memory.ts';
import type { DatabaseRecord } from '../records.ts';
import { findDatabase } from './databases.ts';

const engines: Record<DatabaseRecord['engine'], OpenEngine> = { postgresql: openPostgres };

/** As Secrets Manager and RDS keep a database's connection. */
const SecretFields = z.object({
  host: z.string(),
  port: z.coerce.number().int().default(5432),
  username: z.string(),
  password: z.string(),
  dbname: z.string().optional(),
  sslmode: z.enum(['disable', 'require', 'verify-ca', 'verify-full']).default('verify-full'),
});

/** The connection string in a secret's text: a URL as it is, or RDS's JSON. Throws SecretInvalid without quoting it. */
export function connectionStringOf(secretArn: string, text: string): string {
  if (/^postgres(ql)?:\/\//.test(text)) return text;
  try {
    const { host, port, username, password, dbname, sslmode } = SecretFields.parse(JSON.parse(text));
    const login = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
    return `postgresql://${login}@${host}:${port}/${encodeURIComponent(dbname ?? 'postgres')}?sslmode=${sslmode}`;
  } catch {
    // The cause would quote the secret.
    throw new SecretInvalid('The secret holds no connection to a database', {
      evidence: { secretArn },
      action:
        'Store either a URL (postgresql://user:password@host:port/database) or JSON with host, port, username, password and dbname.',
    });
  }
}

/** Where a secret leads. Throws SecretInvalid. */
export async function connectionString(secretArn: string): Promise<string> {
  const secret = await secretsManager().send(new GetSecretValueCommand({ SecretId: secretArn }));
  return connectionStringOf(secretArn, secret.SecretString ?? '');
}

/** Opens the target behind a secret for the length of `work`. Throws SecretInvalid and what the engine throws. */
export async function withTargetOf<T>(
  target: Pick<DatabaseRecord, 'engine' | 'secretArn'>,
  applicationName: string,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const memory = remembered()?.connections;
  const connection = memory?.get(target.secretArn) ?? (await connectionString(target.secretArn));
  memory?.set(target.secretArn, connection);
  const engine = await engines[target.engine](connection, {
    applicationName,
    recent: memory !== undefined,
  });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Opens the target database of a migration for the length of `work`. */
export async function withTarget<T>(
  record: { id: string; databaseId: string },
  purpose: string,
  work: (engine: Engine, database: DatabaseRecord) => Promise<T>,
): Promise<T> {
  const memory = remembered()?.databases;
  const database = memory?.get(record.databaseId) ?? (await findDatabase(record.databaseId));
  memory?.set(record.databaseId, database);
  return withTargetOf(database, `theseus:${record.id}:${purpose}`, (engine) => work(engine, database));
}

/** Kept between the moment work stops and the end of the invocation, ms: to save what was done. */
const savingMs = 5_000;

/** How long a task may go on: until shortly before its invocation ends. */
export function runOptions(tools: Pick<TaskTools, 'deadline' | 'signal'>): RunOptions {
  const left = tools.deadline();
  return { signal: tools.signal, until: clock.now() + left - Math.min(savingMs, left / 4) };
}
