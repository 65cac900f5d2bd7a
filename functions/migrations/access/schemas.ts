import { z } from 'zod';
import { environmentName } from '#platform/environment.ts';
import { pageOf } from '#platform/page.ts';
import { DatabaseRef, Labels } from '../databases/schemas.ts';
import { Action, actionFacts } from './actions.ts';

export const PermissionId = z
  .string()
  .regex(/^per_[A-Za-z0-9]{1,40}$/, 'expected an id such as per_0f6e12ab');

const reason = z.string().trim().min(1).max(500);

/** What a permission gives, to whom, and where. */
const given = {
  group: z.string().trim().min(1).max(200).describe('A group as it stands in the token'),
  actions: z.array(Action).min(1).max(Action.options.length),
  databases: z
    .array(DatabaseRef)
    .min(1)
    .max(100)
    .optional()
    .describe('Ids or names; every database when neither these nor labels are given'),
  labels: Labels.optional().describe('Databases that have all of these labels'),
  environments: z
    .array(environmentName)
    .min(1)
    .optional()
    .describe('Counts only where the platform is one of these'),
  until: z.iso.datetime({ offset: true }).optional().describe('Counts up to this time'),
};

export const NewPermission = z
  .strictObject({ ...given, reason: reason.describe('Why; kept with it') })
  .refine(({ actions }) => !actions.includes('manage_permissions'), {
    error: 'manage_permissions is of administrators alone',
    path: ['actions'],
  })
  .refine(
    ({ actions, databases, labels }) =>
      (databases === undefined && labels === undefined) ||
      actions.every((action) => actionFacts[action].scope === 'database'),
    {
      error:
        'manage_alerts, register_database, configure and read_audit are about the whole platform: give them without databases and labels',
      path: ['actions'],
    },
  )
  .refine(({ labels }) => labels === undefined || Object.keys(labels).length > 0, {
    error: 'expected at least one label',
    path: ['labels'],
  })
  .meta({ id: 'NewPermission' });
export type NewPermission = z.infer<typeof NewPermission>;

export const Permission = z
  .strictObject({
    id: PermissionId,
    ...given,
    reason: z.string(),
    grantedAt: z.iso.datetime(),
    grantedBy: z.string(),
    revoked: z
      .strictObject({ at: z.iso.datetime(), by: z.string(), reason: z.string() })
      .nullable()
      .describe('Null while it counts'),
  })
  .meta({ id: 'Permission' });
export type Permission = z.infer<typeof Permission>;
export const PermissionPage = pageOf(Permission).meta({ id: 'PermissionPage' });

export const RevokePermission = z.strictObject({ reason }).meta({ id: 'RevokePermission' });

export const RestrictDatabase = z
  .strictObject({
    restricted: z.boolean().describe('Roles other than administrator count for nothing on it'),
    reason,
  })
  .meta({ id: 'RestrictDatabase' });
export const Restriction = z
  .strictObject({
    database: z.strictObject({ id: z.string(), name: z.string() }),
    restricted: z.boolean(),
    reason: z.string(),
    at: z.iso.datetime(),
    by: z.string(),
  })
  .meta({ id: 'Restriction' });
export type Restriction = z.infer<typeof Restriction>;

/** What the caller may do, as the platform judges it. */
export const OwnAccess = z
  .strictObject({
    subject: z.string(),
    groups: z.array(z.string()),
    roles: z.array(z.string()),
    database: z.strictObject({ id: z.string(), name: z.string(), restricted: z.boolean() }).nullable(),
    actions: z.array(Action).describe('On the database asked about; without one, on the platform'),
  })
  .meta({ id: 'OwnAccess' });
