import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { secretsManager } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { secretBytes } from '#platform/random.ts';
import type { Fence } from '../engines/engine.ts';
import { changeMigration } from '../migration-store.ts';
import type { LoginRole } from '../plan/schemas.ts';
import type { MigrationRecord } from '../records.ts';
import { deleteItem, keys, readItem, writeItem } from '../store.ts';
import { connectionString, withTarget } from './target.ts';

const LoginItem = z.object({ migration: z.string() });
const Password = z.looseObject({ password: z.string() });

/** Every migration has one secret at most, whose name is known before it is there. */
const secretName = (migration: string): string => `${environmentVariable('LOGIN_SECRETS')}${migration}`;

/** The secret of a login role: made once, found again by whoever runs after. */
async function secretOf(
  record: MigrationRecord,
  target: URL,
  login: LoginRole,
): Promise<{ secretArn: string; password: string }> {
  const name = secretName(record.id);
  const fresh = secretBytes(32).toString('base64url');
  const sslmode = target.searchParams.get('sslmode');
  const content = {
    engine: 'postgres',
    host: target.hostname,
    port: Number(target.port || 5432),
    username: login.role,
    password: fresh,
    dbname: decodeURIComponent(target.pathname.slice(1)),
    ...(sslmode === null ? {} : { sslmode }),
  };
  try {
    const made = await secretsManager().send(
      new CreateSecretCommand({
        Name: name,
        Description: `Login role of version ${login.searchPath[0]} of database ${record.databaseName}`,
        SecretString: JSON.stringify(content),
      }),
    );
    return { secretArn: made.ARN ?? name, password: fresh };
  } catch (error) {
    if (!(error instanceof ResourceExistsException)) throw error;
    const found = await secretsManager().send(new GetSecretValueCommand({ SecretId: name }));
    const { password } = Password.parse(JSON.parse(found.SecretString ?? '{}'));
    return { secretArn: found.ARN ?? name, password };
  }
}

/** Makes the login role of the version that was published. May be run again at any point. Throws NameTaken. */
export async function makeLogin(record: MigrationRecord, login: LoginRole, fence: Fence): Promise<void> {
  if (record.login !== undefined) return;
  const [version = ''] = login.searchPath;
  await writeItem(keys.versionLogin(record.databaseId, version), { migration: record.id });
  const secretArn = await withTarget(record, 'login', async (engine, database) => {
    const target = new URL(await connectionString(database.secretArn));
    const secret = await secretOf(record, target, login);
    await engine.makeLogin(login, secret.password, fence);
    return secret.secretArn;
  });
  const { role, memberOf } = login;
  await changeMigration(record.id, () => ({
    set: { login: { role, memberOf, secretArn } },
    events: [{ type: 'login.made', actor: 'theseus', data: { role, memberOf } }],
  }));
}

/** Forgets the secret of a version's login role, which is gone from the database; of a version without one nothing. */
export async function forgetLogin(databaseId: string, version: string): Promise<void> {
  const key = keys.versionLogin(databaseId, version);
  const login = await readItem(LoginItem, key);
  if (login === undefined) return;
  try {
    await secretsManager().send(
      new DeleteSecretCommand({ SecretId: secretName(login.migration), ForceDeleteWithoutRecovery: true }),
    );
  } catch (error) {
    // Cut off before it was made, or after it was deleted.
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  await deleteItem(key);
}
