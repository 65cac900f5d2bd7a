import { z } from 'zod';
import { RollbackStrategy } from '../plan/strategies.ts';
import { TimeWindow } from '../schedule/windows.ts';

// What people may say to a migration: the bodies of the routes of the same names.

/** Why somebody goes past approvals and windows; whoever does is told of to everybody. */
export const BreakGlassReason = z.string().trim().min(10).max(1_000);

const Comment = z.string().max(2_000).optional();
export const StartMigration = z
  .strictObject({
    planHash: z.string().optional().describe('Refused when the plan is another one'),
    consents: z.array(z.string().max(100)).max(50).default([]),
    at: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('Not before this time, at most 30 days ahead; at once when absent'),
    windows: z
      .array(TimeWindow)
      .max(20)
      .default([])
      .describe('It starts and fills rows only within these hours; at any time when empty'),
    breakGlass: BreakGlassReason.optional().describe(
      'In an emergency, why: it starts at once, past approvals. Needs the action break_glass besides',
    ),
    comment: Comment,
  })
  .meta({ id: 'StartMigration' })
  .prefault({});
export const Decision = z
  .strictObject({
    planHash: z
      .string()
      .optional()
      .describe('Required to approve or reject a plan; not for a decision on the way back'),
    constraints: z
      .literal('not_valid')
      .optional()
      .describe('Give back NOT VALID what cannotReturn lists: new rows are checked, those listed stay'),
    breakGlass: BreakGlassReason.optional().describe(
      'In an emergency, why: it counts as all approvals, and windows are over. Needs the action break_glass instead of approve',
    ),
    comment: Comment,
  })
  .meta({ id: 'Decision' })
  .prefault({});
export const Reason = z.strictObject({ comment: Comment }).meta({ id: 'Reason' }).prefault({});
export const AskedStrategy = RollbackStrategy.optional().describe(
  'revert when absent: old columns keep what was written since, as far as they hold it. to_backup: rows become as they were before the change. schema_only: as revert, and the data of the new form stays in tables of its own',
);
export const RollBackMigration = z
  .strictObject({
    acceptLosses: z
      .boolean()
      .default(false)
      .describe('to_backup: overwrite rows without asking; what they held is backed up'),
    strategy: AskedStrategy,
    comment: Comment,
  })
  .meta({ id: 'RollBackMigration' })
  .prefault({});
export const UndoMigration = z
  .strictObject({
    acceptLosses: z
      .boolean()
      .default(false)
      .describe('Go on even when rows cannot return; they are backed up'),
    strategy: AskedStrategy,
    comment: Comment,
  })
  .meta({ id: 'UndoMigration' })
  .prefault({});
