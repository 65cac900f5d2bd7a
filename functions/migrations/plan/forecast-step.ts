import { z } from 'zod';
import type { LockKind } from './lock-times.ts';
import type { PacedWork } from './pace-measured.ts';

export const Ms = z.strictObject({ low: z.int(), high: z.int() }).describe('A range, ms');

export const ForecastStep = z.strictObject({
  id: z.string(),
  phase: z.enum([
    'expand',
    'backfill',
    'load',
    'relate',
    'index',
    'constrain',
    'verify',
    'publish',
    'verify_published',
    'contract',
    'removal',
  ]),
  purpose: z.string(),
  after: z.array(z.string()).describe('Steps that must be done before'),
  lock: z.strictObject({
    mode: z
      .enum(['ACCESS EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'ROW EXCLUSIVE', 'ACCESS SHARE'])
      .nullable()
      .describe("The strongest it takes on these tables; null when it runs statements of the user's own"),
    tables: z.array(z.string()),
    blocks: z.array(z.enum(['reads', 'writes', 'ddl'])).describe('Of other sessions, while it is held'),
    heldMs: Ms.describe('How long at a time'),
    waitMs: Ms.nullable().describe(
      'How long it is waited for, with all tries; null: as long as transactions that are open last',
    ),
    basis: z
      .enum(['measured', 'default', 'unknown'])
      .describe(
        'Where these two come from: migrations of this database before, ordinary servers, or nowhere',
      ),
  }),
  rows: z.int().describe('Rows read or written, estimated'),
  durationMs: Ms,
  basis: z
    .enum(['measured', 'default', 'catalogue', 'unknown'])
    .describe(
      "Where the duration comes from: migrations of this database before, figures of ordinary servers, no rows at all, or nowhere: the user's own SQL",
    ),
  diskBytes: z.int().describe('What it adds on the disk, estimated; WAL is apart'),
  risk: z.strictObject({ level: z.enum(['low', 'medium', 'high']), reasons: z.array(z.string()) }),
  validation: z.string().describe('How it is known to have worked'),
});
export type ForecastStep = z.infer<typeof ForecastStep>;

/** A step of a forecast before its time is known. */
export interface Draft {
  id: string;
  phase: ForecastStep['phase'];
  purpose: string;
  /** `kind`: by which what was measured of such locks is found. */
  lock: Pick<ForecastStep['lock'], 'mode' | 'tables'> & { kind?: LockKind };
  rows: number;
  /** What its pace is counted in, where that is not rows. */
  amount?: number;
  work?: PacedWork;
  /** Statements of the user's own: nothing is known of them. */
  opaque?: boolean;
  /** Steps that must be done before, where that is not the order of phases. */
  after?: string[];
  validation: string;
}
