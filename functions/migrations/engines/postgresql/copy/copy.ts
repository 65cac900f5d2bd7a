import type { Snapshot } from '../../../plan/snapshot.ts';
import type { SchemaShape } from '../../../registry/shape.ts';
import type { RunOptions } from '../../engine.ts';
import { openCopy } from './database.ts';
import { copySample } from './rows.ts';
import { copySchema } from './schema.ts';

/** One statement may read a whole table. */
const timeoutMs = 10 * 60_000;

export interface CopyMade {
  tables: { table: string; rows: number }[];
  /** What has no place in the copy, each with its reason. */
  leftOut: string[];
}

/**
 * Fills an empty database with a schema and a sample of its rows. The source is only read, each table by a statement of
 * its own. The copy has the schema as clients of the newest version see it. Throws CopyImpossible.
 */
export async function makeCopy(
  source: { url: string; snapshot: Snapshot; shape: SchemaShape },
  copyUrl: string,
  { sample, signal }: { sample: number } & Pick<RunOptions, 'signal'>,
): Promise<CopyMade> {
  const { schema } = source.snapshot;
  const from = await openCopy(source.url, schema, timeoutMs);
  try {
    await from.query("SET default_transaction_read_only = 'on'");
    const to = await openCopy(copyUrl, schema, timeoutMs);
    try {
      let tables: CopyMade['tables'] = [];
      const leftOut = await copySchema(from, to, source.shape, async () => {
        tables = await copySample(from, to, source.snapshot, sample, signal);
      });
      return { tables, leftOut };
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}
