import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import type { Step, TableRef } from '#migrations/plan/schemas.ts';

// `bench.account` in the middle of a migration that derives `first` from `name`: as Theseus has it, and as pgroll has.

export const account: TableRef = { schema: 'bench', name: 'account', oid: null };
export const FIRST = "split_part(name, ' ', 1)";
export const fence = { migration: 'bench', epoch: 1 };
/** Without an end, and without anybody who breaks off. */
export const unlimited = () => ({ signal: new AbortController().signal, until: Number.POSITIVE_INFINITY });

const expand: Step = {
  id: 'expand',
  kind: 'transaction',
  purpose: 'Add the column and keep it in step',
  locks: [account],
  statements: [{ sql: 'ALTER TABLE bench.account ADD COLUMN first text', values: [] }],
  dualWrites: [
    {
      action: 'add',
      table: account,
      group: {
        id: 'bench.account.first',
        migration: 'bench',
        position: 1,
        version: 'bench_next',
        old: ['name'],
        new: [{ column: 'first', type: 'text' }],
        ups: [{ column: 'first', expression: `split_part(NEW."name", ' ', 1)` }],
        downs: [],
        guards: [],
      },
    },
  ],
};

/** Theseus' expand step, then the fence in phase backfill. */
export async function dualWrite(url: string): Promise<void> {
  const engine = await openPostgres(url, { applicationName: 'bench' });
  await engine.takeFence(fence, { name: 'bench', schema: 'bench', phase: 'expand' });
  await engine.runStep(expand, fence, unlimited());
  await engine.setFencePhase(fence, 'backfill');
  await engine.close();
}

/** pgroll's flag column, function and trigger, on `bench.account`. */
export function flagTrigger(): string[] {
  const copies = ['id', 'name', 'email', 'balance', 'note'].map(
    (column) => `${column} bench.account.${column}%TYPE := NEW.${column};`,
  );
  return [
    'ALTER TABLE bench.account ADD COLUMN first text, ADD COLUMN needs_backfill boolean DEFAULT true',
    `CREATE FUNCTION bench.fill() RETURNS trigger LANGUAGE plpgsql AS $$
       DECLARE ${copies.join(' ')} path text;
       BEGIN
         SELECT current_setting INTO path FROM current_setting('search_path');
         IF path <> 'new_version' THEN
           NEW.first := ${FIRST};
           NEW.needs_backfill := false;
         END IF;
         RETURN NEW;
       END $$`,
    'CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON bench.account FOR EACH ROW EXECUTE FUNCTION bench.fill()',
  ];
}
