import pg from 'pg';
import { clock } from '#platform/clock.ts';
import { RightsMissing } from '../../../errors.ts';
import { openSession, type Session, withSession } from '../connection.ts';

/** Every copy is found by its name, whoever made it and died. */
const namePrefix = 'theseus_rehearsal_';
/** A copy that nobody uses is a leftover after this, ms. */
const leftoverMs = 6 * 3_600_000;
const dropTimeoutMs = 60_000;

/** The same server and login, another database. */
export function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.toString();
}

/** Where the copy of this name is. */
export const urlOfCopy = (server: string, id: string): string => urlOf(server, `${namePrefix}${id}`);

const options = { applicationName: 'theseus:rehearsal' };

async function refuseWithoutRight(session: Session): Promise<void> {
  const { rows } = await session.query<{ may: boolean; role: string }>(
    'SELECT rolcreatedb OR rolsuper AS may, rolname::text AS role FROM pg_roles WHERE rolname = current_user',
  );
  const role = rows[0]?.role ?? '';
  if (rows[0]?.may === true) return;
  const grant = `ALTER ROLE ${pg.escapeIdentifier(role)} CREATEDB`;
  throw new RightsMissing(`The role ${role} may not create databases: there is no place for a copy`, {
    evidence: { grants: [grant] },
    action: `Run as an administrator: ${grant}. Or rehearse on another server: --on postgresql://…`,
  });
}

/**
 * Makes an empty database for a copy, with the encoding and the sorting of `like`, and drops what earlier rehearsals left
 * behind: copies of the same name, and those that nobody has used for six hours. Returns its URL. Throws RightsMissing.
 */
export async function createCopyDatabase(server: string, like: string, id: string): Promise<string> {
  const name = `${namePrefix}${id}`;
  const facts = await withSession(like, options, async (session) => {
    const { rows } = await session.query<{ encoding: string; collate: string; ctype: string }>(
      `SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collate, datctype AS ctype
       FROM pg_database WHERE datname = current_database()`,
    );
    return rows[0];
  });
  await withSession(server, { ...options, statementTimeoutMs: dropTimeoutMs }, async (session) => {
    await refuseWithoutRight(session);
    await dropLeftovers(session, name);
    const like = facts
      ? ` ENCODING ${pg.escapeLiteral(facts.encoding)} LC_COLLATE ${pg.escapeLiteral(facts.collate)} LC_CTYPE ${pg.escapeLiteral(facts.ctype)}`
      : '';
    const database = pg.escapeIdentifier(name);
    await session.query(`CREATE DATABASE ${database} TEMPLATE template0${like}`);
    await session.query(
      `COMMENT ON DATABASE ${database} IS ${pg.escapeLiteral(`Theseus: rehearsal, ${clock.iso()}`)}`,
    );
  });
  return urlOf(server, name);
}

/** Drops a copy, whoever is connected to it. Does nothing when it is gone. */
export async function dropCopyDatabase(server: string, id: string): Promise<void> {
  await withSession(server, { ...options, statementTimeoutMs: dropTimeoutMs }, (session) =>
    session.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(namePrefix + id)} WITH (FORCE)`),
  );
}

async function dropLeftovers(session: Session, own: string): Promise<void> {
  const { rows } = await session.query<{ name: string; comment: string | null }>(
    `SELECT d.datname::text AS name, shobj_description(d.oid, 'pg_database') AS comment FROM pg_database d
     WHERE starts_with(d.datname, $1) AND pg_has_role(d.datdba, 'USAGE')
       AND (d.datname = $2 OR NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid))
     LIMIT 100`,
    [namePrefix, own],
  );
  const old = rows.filter(({ name, comment }) => {
    const madeAt = Date.parse(comment?.split(', ').at(-1) ?? '');
    return name === own || madeAt < clock.now() - leftoverMs;
  });
  for (const { name } of old) {
    await session.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  }
}

/** A session for statements that make and fill a copy: names without a schema mean the one that is copied. */
export const openCopy = (url: string, schema: string, timeoutMs: number): Promise<Session> =>
  openSession(url, { ...options, schema, statementTimeoutMs: timeoutMs });
