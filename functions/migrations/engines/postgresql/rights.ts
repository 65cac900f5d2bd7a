import type { Plan } from '../../plan/schemas.ts';
import { qualified, quoteIdentifier } from '../../sql/identifiers.ts';
import type { Finding } from '../engine.ts';
import type { Session } from './connection.ts';
import { tableOid } from './dual-write/apply.ts';

type Right = Plan['rights'][number];

/** The rights of the plan that the role lacks, each with the statement that gives it. */
export async function missingRights(session: Session, rights: Right[]): Promise<Finding[]> {
  const { rows } = await session.query<{ role: string; database: string; lockers: string }>(
    `SELECT current_user::text AS role, current_database()::text AS database,
       'UPDATE, DELETE, TRUNCATE' || CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ', MAINTAIN' ELSE '' END AS lockers`,
  );
  const { role, database, lockers } = rows[0] ?? { role: '', database: '', lockers: '' };
  const findings = new Map<string, Finding>();
  for (const right of rights) {
    const names = { role: quoteIdentifier(role), database: quoteIdentifier(database), lockers };
    const lacking = await lacks(session, right, names);
    if (lacking === null) continue;
    findings.set(lacking.grant, {
      code: 'right_missing',
      problem: `The role ${role} ${lacking.problem}`,
      action: `Run as an administrator: ${lacking.grant}`,
    });
  }
  return [...findings.values()];
}

interface Names {
  role: string;
  database: string;
  /** Rights on a table of which any one lets a role lock it against everybody. */
  lockers: string;
}

interface Lacking {
  problem: string;
  grant: string;
}

async function lacks(
  session: Session,
  right: Right,
  { role, database, lockers }: Names,
): Promise<Lacking | null> {
  const has = async (expression: string, values: unknown[]) =>
    (await session.query<{ has: boolean | null }>(`SELECT ${expression} AS has`, values)).rows[0]?.has !==
    false;
  switch (right.kind) {
    case 'create_in_database':
      return (await has(`has_database_privilege(current_database(), 'CREATE')`, []))
        ? null
        : {
            problem: 'may not create schemas in the database',
            grant: `GRANT CREATE ON DATABASE ${database} TO ${role}`,
          };
    case 'create_in_schema': {
      const schema = quoteIdentifier(right.schema);
      return (await has(`(SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1)`, [
        right.schema,
      ]))
        ? null
        : {
            problem: `may not create tables in ${schema}`,
            grant: `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}`,
          };
    }
    case 'create_role':
      return (await has('(SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)', []))
        ? null
        : { problem: 'may not create login roles', grant: `ALTER ROLE ${role} CREATEROLE` };
    case 'grant_role': {
      const name = quoteIdentifier(right.role);
      if (await has('(SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1))', [right.role]))
        return {
          problem: `cannot give the rights of ${name}, which does not exist`,
          grant: `CREATE ROLE ${name}`,
        };
      // Up to 15 the right to create roles is the right to grant every role that is no superuser.
      return (await has(
        `(SELECT me.rolsuper OR (current_setting('server_version_num')::int < 160000 AND NOT r.rolsuper)
            OR pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') FROM pg_roles r, pg_roles me WHERE r.rolname = $1 AND me.rolname = current_user)`,
        [right.role],
      ))
        ? null
        : {
            problem: `may not give the rights of ${name} to others`,
            grant: `GRANT ${name} TO ${role} WITH ADMIN OPTION`,
          };
    }
    case 'privileges': {
      const { schema, name } = right.table;
      const lacking: string[] = [];
      for (const privilege of right.privileges) {
        const held = await has(
          `has_schema_privilege($1, 'USAGE') AND has_table_privilege(format('%I.%I', $1::text, $2::text), $3)`,
          [schema, name, privilege],
        );
        if (!held) lacking.push(privilege);
      }
      if (lacking.length === 0) return null;
      const table = qualified(schema, name);
      return {
        problem: `lacks ${lacking.join(', ')} on ${table}`,
        grant: `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role}; GRANT ${lacking.join(', ')} ON ${table} TO ${role}`,
      };
    }
    case 'sequences':
      return lacksSequences(session, right, role);
    default: {
      const oid = await tableOid(session, right.table);
      if (oid === null) return null;
      const name = qualified(right.table.schema, right.table.name);
      return lacksOnTable(right.kind, name, { role, lockers }, (expression) => has(expression, [oid]));
    }
  }
}

/**
 * Sequences that columns own, or take their default from: `setval` needs UPDATE and SELECT where the column is filled,
 * `nextval` needs USAGE where it is not, but for identity columns, whose table's INSERT is enough.
 */
async function lacksSequences(
  session: Session,
  { table, columns }: Extract<Right, { kind: 'sequences' }>,
  role: string,
): Promise<Lacking | null> {
  const { rows } = await session.query<{ sequence: string; lacking: string[] }>(
    `WITH sequences AS (
       SELECT s.oid, s.relnamespace, s.relname, bool_or(a.attname = ANY($3) AND d.deptype IN ('a', 'i')) AS filled,
         bool_or(NOT a.attname = ANY($3) AND a.attidentity = '') AS given
       FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
       JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_attrdef AS f ON f.adrelid = t.oid AND f.adnum = a.attnum
       JOIN pg_depend AS d ON
         (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.refobjsubid = a.attnum)
         OR (d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass)
       JOIN pg_class AS s ON s.relkind = 'S' AND s.oid IN (d.objid, d.refobjid)
       WHERE n.nspname = $1 AND t.relname = $2 GROUP BY s.oid, s.relnamespace, s.relname
     )
     SELECT format('%I.%I', n.nspname, relname) AS sequence, array_remove(ARRAY[
       CASE WHEN filled AND NOT has_sequence_privilege(s.oid, 'SELECT') THEN 'SELECT' END,
       CASE WHEN filled AND NOT has_sequence_privilege(s.oid, 'UPDATE') THEN 'UPDATE' END,
       CASE WHEN given AND NOT filled AND NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') THEN 'USAGE' END], NULL) AS lacking
     FROM sequences AS s JOIN pg_namespace AS n ON n.oid = s.relnamespace ORDER BY 1`,
    [table.schema, table.name, columns],
  );
  const without = rows.filter(({ lacking }) => lacking.length > 0);
  if (without.length === 0) return null;
  return {
    problem: `lacks ${without.map(({ sequence, lacking }) => `${lacking.join(', ')} on the sequence ${sequence}`).join('; ')}`,
    grant: without
      .map(({ sequence, lacking }) => `GRANT ${lacking.join(', ')} ON SEQUENCE ${sequence} TO ${role}`)
      .join('; '),
  };
}

async function lacksOnTable(
  kind: Exclude<Extract<Right, { table: unknown }>['kind'], 'privileges' | 'sequences'>,
  name: string,
  { role, lockers }: Pick<Names, 'role' | 'lockers'>,
  has: (expression: string) => Promise<boolean>,
): Promise<Lacking | null> {
  switch (kind) {
    case 'owner':
      return (await has(`(SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = $1)`))
        ? null
        : {
            problem: `does not own ${name}, nor is it a member of its owner`,
            grant: `ALTER TABLE ${name} OWNER TO ${role}`,
          };
    case 'references':
      // Both ends of a foreign key are locked before it is made or dropped, the other one by a right of its own.
      return (await has(
        `has_table_privilege($1::oid, 'REFERENCES') AND has_table_privilege($1::oid, '${lockers}')`,
      ))
        ? null
        : {
            problem: `may not make foreign keys to ${name}, or not lock it for that`,
            grant: `GRANT REFERENCES, ${lockers.includes('MAINTAIN') ? 'MAINTAIN' : 'UPDATE'} ON ${name} TO ${role}`,
          };
    case 'bypass_rls':
      // An owner sees every row unless the table forces row security on its owner too.
      return (await has(
        `(SELECT NOT c.relrowsecurity OR r.rolsuper OR r.rolbypassrls OR (NOT c.relforcerowsecurity AND pg_has_role(c.relowner, 'USAGE'))
          FROM pg_class c, pg_roles r WHERE c.oid = $1 AND r.rolname = current_user)`,
      ))
        ? null
        : { problem: `does not see every row of ${name}`, grant: `ALTER ROLE ${role} BYPASSRLS` };
  }
}
