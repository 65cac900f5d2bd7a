import { z } from 'zod';
import { NotEjectable } from '../../../errors.ts';
import { Plan, type TableRef } from '../../../plan/schemas.ts';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import type { Fence } from '../../engine.ts';
import type { Session } from '../connection.ts';
import { usesControlSchema } from '../control-schema.ts';
import {
  type DualWrittenTable,
  positionOf,
  readColumns,
  readDualWritten,
  readSettings,
  tableOid,
} from '../dual-write/apply.ts';
import type { ColumnFacts } from '../dual-write/differs.ts';
import type { Settings } from '../dual-write/triggers.ts';
import { checkFence } from '../fence.ts';

/** A table whose dual write a script begins or ends. */
export interface EjectableTable extends DualWrittenTable {
  columns: Record<string, ColumnFacts>;
}

/** What the database itself knows of a migration: enough to end it without the platform. */
export interface Ejectable {
  migration: string;
  name: string;
  schema: string;
  epoch: number;
  phase: string;
  plan: Plan;
  /** Steps done. */
  done: ReadonlySet<string>;
  /** Of the tables in the plan's dual writes, by `schema.name`. */
  tables: ReadonlyMap<string, EjectableTable>;
  /** The catalogue's spelling of the types in the plan's dual writes. */
  types: ReadonlyMap<string, string>;
  /** The place of a migration that begins now. */
  nextPosition: number;
  settings: Settings;
}

/** Keeps the plan in the target, once: it is what `eject` works from. Throws FenceLost. */
export async function keepPlan(session: Session, fence: Fence, plan: Plan): Promise<void> {
  await checkFence(session, fence);
  await session.query(
    'INSERT INTO theseus.plans (migration, plan) VALUES ($1, $2) ON CONFLICT (migration) DO NOTHING',
    [fence.migration, JSON.stringify(plan)],
  );
}

/** At most this many are listed when none is named. */
const mostListed = 50;

const Held = z.object({
  migration: z.string(),
  name: z.string(),
  schema: z.string(),
  epoch: z.coerce.number(),
  phase: z.string(),
  plan: z.unknown(),
});

/**
 * Reads what a script needs; nothing is changed. `named` is an id or a name; null takes the only one there is.
 * Throws NotEjectable.
 */
export async function readEjectable(session: Session, named: string | null): Promise<Ejectable> {
  const held = await findHeld(session, named);
  await session.query(`SELECT set_config('search_path', $1, false)`, [
    `pg_catalog, ${quoteIdentifier(held.schema)}, pg_temp`,
  ]);
  const parsed = Plan.safeParse(held.plan);
  if (!parsed.success) {
    throw new NotEjectable(`The plan of ${held.name} in this database is not one that this release reads`, {
      evidence: { migration: held.migration },
      action: 'Use the release of Theseus that began the migration.',
    });
  }
  const plan = parsed.data;
  const { rows: steps } = await session.query<{ step: string }>(
    'SELECT step FROM theseus.steps WHERE migration = $1',
    [held.migration],
  );
  const tables = new Map<string, EjectableTable>();
  for (const ref of dualWritten(plan)) {
    const table = await readTable(session, ref);
    if (table !== null) tables.set(`${ref.schema}.${ref.name}`, table);
  }
  return {
    ...held,
    plan,
    done: new Set(steps.map(({ step }) => step)),
    tables,
    types: await spelled(session, plan),
    nextPosition: await positionOf(session, held.schema, held.migration),
    settings: await readSettings(session),
  };
}

async function findHeld(session: Session, named: string | null): Promise<z.infer<typeof Held>> {
  const { rows: there } = await session.query<{ there: boolean }>(
    `SELECT to_regclass('theseus.plans') IS NOT NULL AS there`,
  );
  const known = (await usesControlSchema(session)) && there[0]?.there === true;
  const { rows } = known
    ? await session.query(
        `SELECT f.migration, f.name, f.schema_name AS schema, f.epoch::text AS epoch, f.phase, p.plan
         FROM theseus.fence f JOIN theseus.plans p USING (migration)
         WHERE $1::text IS NULL OR f.migration = $1 OR f.name = $1 ORDER BY f.taken_at DESC LIMIT ${mostListed}`,
        [named],
      )
    : { rows: [] };
  const [first, ...others] = z.array(Held).parse(rows);
  if (first === undefined) {
    throw new NotEjectable(
      named === null ? 'This database knows of no migration' : `This database knows of no migration ${named}`,
      {
        evidence: { migration: named },
        action: 'Is it the right database? Its plan is kept in theseus.plans.',
      },
    );
  }
  if (others.length === 0) return first;
  throw new NotEjectable('This database knows of several migrations', {
    evidence: {
      migrations: [first, ...others].map(({ migration, name, phase }) => ({ migration, name, phase })),
    },
    action: `Name one by its id: ${[first, ...others].map(({ migration, name, phase }) => `${migration} (${name}, ${phase})`).join(', ')}.`,
  });
}

function dualWritten(plan: Plan): TableRef[] {
  const steps = [...plan.expand, ...plan.rollback, ...plan.removal];
  const refs = steps.flatMap((step) =>
    step.kind === 'transaction' ? step.dualWrites.map(({ table }) => table) : [],
  );
  return [...new Map(refs.map((ref) => [`${ref.schema}.${ref.name}`, ref])).values()];
}

/** `varchar(20)` is `character varying(20)` in the catalogue, by whose names comparisons are chosen. */
async function spelled(session: Session, plan: Plan): Promise<Map<string, string>> {
  const written = plan.expand.flatMap((step) =>
    step.kind === 'transaction'
      ? step.dualWrites.flatMap((change) =>
          change.action === 'add' ? change.group.new.map(({ type }) => type) : [],
        )
      : [],
  );
  const types = new Map<string, string>();
  for (const type of new Set(written)) {
    // A type of the plan is one that the parser accepted, printed by us.
    const { rows } = await session.query<{ base: string }>(
      `SELECT pg_catalog.pg_typeof(NULL::${type})::text AS base`,
    );
    types.set(type, `${rows[0]?.base ?? type}${/\(\d+\)$/.exec(type)?.[0] ?? ''}`);
  }
  return types;
}

async function readTable(session: Session, ref: TableRef): Promise<EjectableTable | null> {
  const oid = await tableOid(session, ref);
  const table = oid === null ? null : await readDualWritten(session, oid);
  return table && { ...table, columns: await readColumns(session, table.oid) };
}
