import { fittingName, quoteLiteral } from '../sql/identifiers.ts';
import type { LoginRole, Note } from './schemas.ts';

/** The login role of a version for clients that now log in as `memberOf`. */
export function loginRole(memberOf: string, schema: string, version: string): LoginRole {
  return { role: fittingName(`${memberOf}_${version}`), memberOf, searchPath: [version, schema] };
}

/** Roles belong to the whole server: this comment, an SQL expression, says which version of which database one is for. */
export const loginComment = (version: string): string =>
  `pg_catalog.format('Theseus: clients of %I in database %I', ${quoteLiteral(version)}, pg_catalog.current_database())`;

export function loginNote({ role, memberOf }: LoginRole): Note {
  const text = `Publish makes the login role "${role}" with the rights of "${memberOf}" and the version’s search_path, for poolers and ORMs; its password is in Secrets Manager only.`;
  return { code: 'login_role', severity: 'info', operation: null, text };
}

/**
 * Takes the login role of a version away. What keeps one from being dropped (objects it owns, a right that was lost)
 * must not keep a version from being taken back: then nobody can log in as it any more.
 */
export function dropLogin(version: string): string {
  const barred =
    "BEGIN EXECUTE pg_catalog.format('ALTER ROLE %I NOLOGIN', r); EXCEPTION WHEN insufficient_privilege THEN NULL; END";
  const drop = `BEGIN EXECUTE pg_catalog.format('DROP ROLE %I', r); EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN ${barred}; END`;
  const found = `SELECT rolname FROM pg_catalog.pg_roles WHERE pg_catalog.shobj_description(oid, 'pg_authid') = ${loginComment(version)}`;
  return `DO ${quoteLiteral(`DECLARE r name; BEGIN FOR r IN ${found} LOOP ${drop}; END LOOP; END`)}`;
}
