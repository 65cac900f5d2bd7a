import { z } from 'zod';
import type { Role } from '#platform/roles.ts';

/** Everything a caller may be allowed. Each route needs exactly one; `break_glass` comes on top where it is used. */
export const Action = z
  .enum([
    'view_progress',
    'read_source',
    'plan',
    'rehearse',
    'start',
    'approve',
    'pause',
    'write_target',
    'execute_rollback',
    'create_backup',
    'delete_backup',
    'break_glass',
    'manage_alerts',
    'register_database',
    'configure',
    'read_audit',
    'manage_permissions',
  ])
  .meta({ id: 'Action' });
export type Action = z.infer<typeof Action>;

/** What an entry of the audit trail may be about: `platform` is what Theseus did by itself. */
export const AuditedAction = z.enum([...Action.options, 'platform']);

export interface ActionFacts {
  covers: string;
  /** What it is about: one database, or the platform as a whole. */
  scope: 'database' | 'platform';
  /** The role that has it without any permission; null: nobody has. */
  role: Role | null;
}

/** What each action covers, and who has it from the start. */
export const actionFacts: Record<Action, ActionFacts> = {
  view_progress: {
    covers: 'See databases, migrations, plans, fleets, events, schema versions and the list of backups',
    scope: 'database',
    role: 'viewer',
  },
  read_source: {
    covers: 'Have the database looked into: drift checks, baselines, imports, scripts of eject',
    scope: 'database',
    role: 'operator',
  },
  plan: { covers: 'Plan migrations and fleets', scope: 'database', role: 'operator' },
  rehearse: { covers: 'Run a migration on a copy', scope: 'database', role: 'operator' },
  start: { covers: 'Start what is planned, at once or at a time', scope: 'database', role: 'operator' },
  approve: {
    covers: 'Approve and reject plans, decide on what cannot return',
    scope: 'database',
    role: 'approver',
  },
  pause: { covers: 'Pause migrations and fleets', scope: 'database', role: 'operator' },
  write_target: {
    covers: 'Let what stands still write on: resume, complete, retry, redrive, exclude; restore rows',
    scope: 'database',
    role: 'operator',
  },
  execute_rollback: { covers: 'Roll back, undo, cancel', scope: 'database', role: 'operator' },
  create_backup: { covers: 'Make and verify backups', scope: 'database', role: 'operator' },
  delete_backup: {
    covers: 'Delete backups, and set how long they are kept',
    scope: 'database',
    role: 'administrator',
  },
  break_glass: {
    covers: 'Start and approve past approvals and windows, with a reason, in an emergency',
    scope: 'database',
    role: null,
  },
  manage_alerts: {
    covers: 'Make and change alert rules; a rule may pause what it watches',
    scope: 'platform',
    role: 'operator',
  },
  register_database: {
    covers: 'Register, label and forget databases',
    scope: 'platform',
    role: 'administrator',
  },
  configure: {
    covers: 'Register connectors and whatever else belongs to the whole platform',
    scope: 'platform',
    role: 'administrator',
  },
  read_audit: { covers: 'Read the audit trail', scope: 'platform', role: 'administrator' },
  manage_permissions: {
    covers: 'Grant and revoke permissions, restrict databases; of administrators alone',
    scope: 'platform',
    role: 'administrator',
  },
};

/** What a route's action is about, and where the database is found. */
export const Guarded = z.enum([
  /** `params.id` names a database. */
  'database',
  /** The body's `database` does. */
  'database in the body',
  /** `params.id` is a migration, a backup, a fleet (every database in it). */
  'migration',
  'backup',
  'fleet',
  /** The handler asks for every database that it comes across. */
  'each database',
  'platform',
]);
export type Guarded = z.infer<typeof Guarded>;

/** What a route needs: `needs('start', 'migration')`. */
export const needs = (action: Action, on: Guarded): { action: Action; on: Guarded } => ({ action, on });
