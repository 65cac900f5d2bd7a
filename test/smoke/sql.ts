import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { z } from 'zod';

const request = z.strictObject({ statements: z.array(z.string()).min(1).max(20) });
const secret = z.object({
  host: z.string(),
  port: z.coerce.number(),
  username: z.string(),
  password: z.string(),
  dbname: z.string(),
});

/** Runs statements one after the other and returns the rows of the last. Seeds and checks; the product is not involved. */
export async function handler(event: unknown): Promise<{ rows: unknown[] }> {
  const { statements } = request.parse(event);
  const found = await new SecretsManagerClient({}).send(
    new GetSecretValueCommand({ SecretId: process.env.DATABASE_SECRET }),
  );
  const {
    host,
    port,
    username: user,
    password,
    dbname: database,
  } = secret.parse(JSON.parse(found.SecretString ?? '{}'));
  const client = new pg.Client({
    host,
    port,
    user,
    password,
    database,
    ssl: { rejectUnauthorized: true },
    statement_timeout: 240_000,
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows ?? [];
    return { rows };
  } finally {
    await client.end();
  }
}
