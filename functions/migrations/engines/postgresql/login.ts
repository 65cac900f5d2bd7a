import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { secretBytes } from '#platform/random.ts';
import { NameTaken } from '../../errors.ts';
import { loginComment } from '../../plan/login.ts';
import type { LoginRole, Plan } from '../../plan/schemas.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql/identifiers.ts';
import type { Fence, Finding } from '../engine.ts';
import { inTransaction, type Session } from './connection.ts';
import { checkFence } from './fence.ts';

const iterations = 4_096;

/** What PostgreSQL stores of a password; sent in its place, so that no log of statements can hold the password. */
export function scramVerifier(password: string): string {
  const salt = secretBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const sign = (text: string) => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(sign('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${sign('Server Key').toString('base64')}`;
}

/** `free`, `ours` (of this version in this database), or somebody else's. */
async function standing(session: Session, role: string, version: string): Promise<'free' | 'ours' | 'taken'> {
  const { rows } = await session.query<{ ours: boolean | null }>(
    `SELECT shobj_description(oid, 'pg_authid') = ${loginComment(version)} AS ours FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  if (rows.length === 0) return 'free';
  return rows[0]?.ours === true ? 'ours' : 'taken';
}

const versionOf = (login: LoginRole) => login.searchPath[0] ?? '';

/** Why the login role of a plan cannot be made, rights apart. */
export async function loginProblems(session: Session, { login }: Plan): Promise<Finding[]> {
  if (login === undefined) return [];
  const { rows } = await session.query<{ name: string }>(
    `SELECT s.rolname::text AS name FROM pg_roles m JOIN pg_roles s ON pg_has_role(m.oid, s.oid, 'MEMBER')
     WHERE m.rolname = $1 AND (s.rolsuper OR s.rolcreaterole OR s.rolreplication OR starts_with(s.rolname::text, 'pg_')) LIMIT 1`,
    [login.memberOf],
  );
  if (rows[0] !== undefined) {
    return [
      {
        code: 'login_role_too_powerful',
        problem: `${login.memberOf} has the rights of ${rows[0].name}: more than a client of tables needs`,
        action: 'Name the role that the application logs in as, and keep it free of administration.',
      },
    ];
  }
  if ((await standing(session, login.role, versionOf(login))) !== 'taken') return [];
  return [
    {
      code: 'login_role_taken',
      problem: `The login role ${login.role} stands already on this server`,
      action: 'Drop it if nothing uses it, or give the migration another name.',
    },
  ];
}

/**
 * The role may log in, has the rights of the other role by inheritance, and sees the version first in this database
 * only. A second run gives it the password again. Throws NameTaken, FenceLost, RightsMissing.
 */
export async function makeLogin(
  session: Session,
  login: LoginRole,
  password: string,
  fence: Fence,
): Promise<void> {
  const name = quoteIdentifier(login.role);
  const secret = `LOGIN PASSWORD ${quoteLiteral(scramVerifier(password))}`;
  await inTransaction(session, async () => {
    await checkFence(session, fence);
    const found = await standing(session, login.role, versionOf(login));
    if (found === 'taken') {
      throw new NameTaken(`The role "${login.role}" stands already on this server`, {
        evidence: { role: login.role },
        action: 'Drop it if nothing uses it, or give the migration another name.',
      });
    }
    await session.query(
      found === 'ours'
        ? `ALTER ROLE ${name} ${secret}`
        : `CREATE ROLE ${name} ${secret} IN ROLE ${quoteIdentifier(login.memberOf)}`,
    );
    const { rows } = await session.query<{ comment: string; database: string }>(
      `SELECT ${loginComment(versionOf(login))} AS comment, current_database()::text AS database`,
    );
    const { comment, database } = rows[0] ?? { comment: '', database: '' };
    await session.query(`COMMENT ON ROLE ${name} IS ${quoteLiteral(comment)}`);
    await session.query(
      `ALTER ROLE ${name} IN DATABASE ${quoteIdentifier(database)} SET search_path = ${login.searchPath.map(quoteIdentifier).join(', ')}`,
    );
  });
}
