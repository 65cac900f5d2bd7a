import pg from 'pg';
import { expect } from 'vitest';
import { clock } from '#platform/clock.ts';
import { type Run, startRun } from './run.ts';
import { shape } from './shape.ts';

/** Takes operations all the way on one database, and looks at what they leave. */
export interface Journey {
  /** Rows of a statement run on the plain tables. */
  one: (text: string) => Promise<Record<string, unknown>[]>;
  /** Rows of a statement run by a client of the new version. */
  asNew: (run: Run, text: string) => Promise<Record<string, unknown>[]>;
  start: (operations: unknown[], name?: string) => Promise<Run>;
  /** Publishes, contracts, takes everything back, and expects the tables as they were. */
  thereAndBack: (operations: unknown[], look?: (run: Run) => Promise<void>) => Promise<void>;
  /** Publishes, contracts and removes; the plain tables are then the new version. */
  forGood: (operations: unknown[]) => Promise<void>;
}

/** A journey on the database at `url`, read through `sql`; `schema` is the one that is migrated. */
export function journey(url: string, sql: pg.Client, schema = 'public'): Journey {
  const one = async (text: string) => (await sql.query<Record<string, unknown>>(text)).rows;
  const start = (operations: unknown[], name = '01_change') =>
    startRun(url, name, JSON.stringify({ name, operations }), schema);

  async function asNew(run: Run, text: string): Promise<Record<string, unknown>[]> {
    const path = [run.plan.versionSchema, schema].map((name) => pg.escapeIdentifier(name)).join(', ');
    await sql.query(`SET search_path = ${path}`);
    try {
      return await one(text);
    } finally {
      await sql.query('RESET search_path');
    }
  }

  async function thereAndBack(operations: unknown[], look: (run: Run) => Promise<void> = async () => {}) {
    const before = await shape(sql, schema);
    const run = await start(operations);
    const validated = await run.engine.validate(run.plan, {
      signal: new AbortController().signal,
      until: clock.now() + 9_000,
    });
    expect(validated).toEqual([]);
    await run.publish();
    expect(await run.verify('beforePublish')).toBe(0);
    await look(run);
    expect(await run.verify('afterPublish')).toBe(0);
    await run.steps(run.plan.contract);
    await run.steps(run.plan.undoContract);
    await run.steps(run.plan.rollback);
    expect(await shape(sql, schema)).toEqual(before);
  }

  async function forGood(operations: unknown[]) {
    const run = await start(operations);
    await run.publish();
    await run.steps([...run.plan.contract, ...run.plan.removal]);
    expect(await one('SELECT count(*)::int AS n FROM theseus.groups')).toEqual([{ n: 0 }]);
    const after = await run.engine.snapshot(schema);
    const differing = after.tables.flatMap((table) =>
      table.columns.filter((column) => column.name !== column.physical),
    );
    expect(differing).toEqual([]);
  }
  return { one, asNew, start, thereAndBack, forGood };
}
