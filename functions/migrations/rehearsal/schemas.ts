import { z } from 'zod';
import { DatabaseRef } from '../databases/schemas.ts';
import { RehearsalReport } from './report.ts';

export const RehearsalId = z.string().regex(/^reh_[A-Za-z0-9]{1,40}$/, 'expected an id such as reh_0f6e12ab');

export const NewRehearsal = z
  .strictObject({
    sample: z.int().min(1).max(1_000_000).default(10_000).describe('Rows of each table, at most'),
    on: DatabaseRef.optional().describe(
      'A registered database on whose server the copy is made; its own when absent',
    ),
  })
  .meta({ id: 'NewRehearsal' })
  .prefault({});
export type NewRehearsal = z.infer<typeof NewRehearsal>;

const Failure = z.strictObject({ name: z.string(), message: z.string(), action: z.string().nullable() });

export const Rehearsal = z
  .strictObject({
    id: RehearsalId,
    migration: z.string(),
    status: z.enum(['running', 'passed', 'failed']),
    sample: z.int(),
    on: z.string().nullable(),
    startedAt: z.iso.datetime(),
    startedBy: z.string(),
    endedAt: z.iso.datetime().nullable(),
    failure: Failure.nullable().describe(
      'What kept it from its end; what the migration failed with is in the report',
    ),
    report: RehearsalReport.nullable(),
  })
  .meta({ id: 'Rehearsal' });
export type Rehearsal = z.infer<typeof Rehearsal>;

export const RehearsalListItem = Rehearsal.omit({ report: true }).meta({ id: 'RehearsalListItem' });
export const RehearsalList = z
  .strictObject({ items: z.array(RehearsalListItem) })
  .meta({ id: 'RehearsalList' });

export const RehearsalRecord = z.object({
  id: z.string(),
  migration: z.string(),
  status: z.enum(['running', 'passed', 'failed']),
  sample: z.int(),
  /** Id of the database on whose server the copy is made; null: its own. */
  on: z.string().nullable(),
  startedAt: z.string(),
  startedBy: z.string(),
  endedAt: z.string().nullable(),
  failure: Failure.nullable(),
  reportKey: z.string().nullable(),
  /** How far it has got; null: the copy is not made yet. */
  stateKey: z.string().nullable().default(null),
});
export type RehearsalRecord = z.infer<typeof RehearsalRecord>;
