import type { QueryResultRow } from 'pg';
import { NotFound } from '#platform/errors.ts';
import { operationsChecksum } from '../../import/checksums.ts';
import { changesetId, flywayVersion } from '../../import/ids.ts';
import type { AppliedMigration, ImportTool } from '../../import/schemas.ts';
import { qualified } from '../../sql/identifiers.ts';
import type { Session } from './connection.ts';

/** Rows read of a history; a longer one is refused rather than read in part. */
const mostRows = 20_000;

/** Where each tool keeps what it applied, unless it was told another place. */
function tableOf(tool: ImportTool, schema: string): [schema: string, table: string] {
  switch (tool) {
    case 'flyway':
      return [schema, 'flyway_schema_history'];
    case 'liquibase':
      return [schema, 'databasechangelog'];
    case 'prisma':
      return [schema, '_prisma_migrations'];
    case 'drizzle':
      return ['drizzle', '__drizzle_migrations'];
    case 'pgroll':
      return ['pgroll', 'migrations'];
  }
}

interface FlywayRow {
  version: string | null;
  description: string;
  type: string;
  script: string;
  checksum: number | null;
  success: boolean;
  at: Date;
}

/** A later row of a version takes the place of an earlier one; undone and deleted versions are not applied. */
function flyway(rows: FlywayRow[]): AppliedMigration[] {
  const applied = new Map<string, AppliedMigration>();
  for (const { version, description, type, script, checksum, success, at } of rows) {
    if (type === 'SCHEMA') continue;
    const id = version === null ? `R ${description}` : flywayVersion(version);
    applied.delete(id);
    if (type.startsWith('UNDO') || type === 'DELETE') continue;
    applied.set(id, {
      id,
      name: script,
      checksum: checksum === null ? null : String(checksum),
      state: success ? 'applied' : 'failed',
      hasFile: type === 'SQL',
      at: at.toISOString(),
    });
  }
  return [...applied.values()];
}

interface PrismaRow {
  name: string;
  checksum: string;
  finished: Date | null;
  rolledBack: Date | null;
}

/** One row a try: what was rolled back does not count, the last try does. */
function prisma(rows: PrismaRow[]): AppliedMigration[] {
  const applied = new Map<string, AppliedMigration>();
  for (const { name, checksum, finished, rolledBack } of rows) {
    if (rolledBack !== null) continue;
    const state = finished === null ? 'failed' : 'applied';
    applied.set(name, {
      id: name,
      name,
      checksum,
      state,
      hasFile: true,
      at: finished?.toISOString() ?? null,
    });
  }
  return [...applied.values()];
}

/**
 * What a tool's own table says was applied, in its order. Reads only.
 * Throws NotFound when the table is not there, StatementFailed when it has another form.
 */
export async function readHistory(
  session: Session,
  tool: ImportTool,
  schema: string,
): Promise<AppliedMigration[]> {
  const [inSchema, name] = tableOf(tool, schema);
  const table = qualified(inSchema, name);
  const { rows: found } = await session.query<{ there: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS there',
    [table],
  );
  if (!found[0]?.there) {
    throw new NotFound(`There is no ${table}: ${tool} has applied nothing here`, {
      evidence: { tool, table },
      action: 'Name the schema that holds the table of the tool.',
    });
  }
  const read = async <R extends QueryResultRow>(columns: string, rest: string, values: unknown[] = []) => {
    const { rows } = await session.query<R>(
      `SELECT ${columns} FROM ${table} ${rest} LIMIT ${mostRows + 1}`,
      values,
    );
    if (rows.length <= mostRows) return rows;
    throw new NotFound(`${table} has more than ${mostRows} rows`, {
      evidence: { tool, table },
      action: 'Is it the table of the tool? A history has fewer rows.',
    });
  };
  switch (tool) {
    case 'flyway':
      return flyway(
        await read<FlywayRow>(
          'version, description, type, script, checksum, success, installed_on AS at',
          'ORDER BY installed_rank',
        ),
      );
    case 'prisma':
      return prisma(
        await read<PrismaRow>(
          'migration_name AS name, checksum, finished_at AS finished, rolled_back_at AS "rolledBack"',
          'ORDER BY started_at',
        ),
      );
    case 'liquibase': {
      const rows = await read<{ id: string; author: string; filename: string; exectype: string; at: Date }>(
        'id, author, filename, exectype, dateexecuted AS at',
        'ORDER BY dateexecuted, orderexecuted',
      );
      return rows.map(({ id, author, filename, exectype, at }) => ({
        id: changesetId(filename, id, author),
        name: `${filename} ${author}:${id}`,
        checksum: null,
        state: exectype === 'FAILED' ? 'failed' : 'applied',
        hasFile: true,
        at: at.toISOString(),
      }));
    }
    case 'drizzle': {
      const rows = await read<{ hash: string; at: string }>('hash, created_at::text AS at', 'ORDER BY id');
      return rows.map(({ hash, at }) => ({
        id: at,
        name: at,
        checksum: hash,
        state: 'applied',
        hasFile: true,
        at: new Date(Number(at)).toISOString(),
      }));
    }
    case 'pgroll': {
      const rows = await read<{ name: string; operations: unknown; done: boolean; kind: string; at: Date }>(
        `name, migration -> 'operations' AS operations, done, coalesce(to_jsonb(m) ->> 'migration_type', 'pgroll') AS kind, created_at AS at`,
        'm WHERE schema = $1 ORDER BY created_at',
        [schema],
      );
      return rows.map(({ name: id, operations, done, kind, at }) => ({
        id,
        name: id,
        checksum: operationsChecksum(operations),
        state: done ? 'applied' : 'failed',
        hasFile: kind === 'pgroll',
        at: at.toISOString(),
      }));
    }
  }
}
