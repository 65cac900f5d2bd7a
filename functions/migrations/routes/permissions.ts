import { createHash } from 'node:crypto';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { newId } from '#platform/ids.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type RequestTools, type Route, route } from '#platform/route.ts';
import { Action, needs } from '../access/actions.ts';
import { allows } from '../access/evaluate.ts';
import {
  NewPermission,
  OwnAccess,
  Permission,
  PermissionId,
  PermissionPage,
  RestrictDatabase,
  Restriction,
  RevokePermission,
} from '../access/schemas.ts';
import {
  grantPermission,
  listPermissions,
  readAccessRules,
  readPermission,
  restrictDatabase,
  revokePermission,
} from '../access/store.ts';
import { findDatabase } from '../databases/databases.ts';
import { DatabaseRef } from '../databases/schemas.ts';

const Params = z.strictObject({ id: PermissionId });

/** The same Idempotency-Key gives the same id, so that a run which takes over finishes the first one's work. */
function idOf({ caller, idempotencyKey }: RequestTools): string {
  if (idempotencyKey === undefined) return newId('per');
  const hash = createHash('sha256').update(`${caller.subject.length}:${caller.subject}${idempotencyKey}`);
  return `per_${hash.digest('hex').slice(0, 20)}`;
}

/** Who may do what besides what the roles give. */
export const permissionRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/permissions',
    summary: 'Grant actions to a group, on databases and in environments',
    needs: needs('manage_permissions', 'platform'),
    body: NewPermission,
    responses: { 201: Permission },
    async handler({ body, ...tools }) {
      const rules = await readAccessRules();
      const permission = await grantPermission(idOf(tools), body, tools.caller.subject, rules);
      return { status: 201, body: permission, headers: { location: `/permissions/${permission.id}` } };
    },
  }),
  route({
    method: 'GET',
    path: '/permissions',
    summary: 'List the permissions that count',
    needs: needs('manage_permissions', 'platform'),
    query: pageQuery,
    responses: { 200: PermissionPage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listPermissions(query.limit, from);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  route({
    method: 'GET',
    path: '/permissions/mine',
    summary: 'Show what the caller may do, on a database or on the platform',
    needs: needs('view_progress', 'each database'),
    query: z.strictObject({ database: DatabaseRef.optional() }),
    responses: { 200: OwnAccess },
    async handler({ query, caller }) {
      const database = query.database === undefined ? undefined : await findDatabase(query.database);
      const rules = await readAccessRules();
      const { subject, groups, roles } = caller;
      const actions = Action.options.filter((action) =>
        allows(caller, action, database ?? 'platform', rules),
      );
      const about = database && {
        id: database.id,
        name: database.name,
        restricted: rules.restricted.has(database.id),
      };
      return { status: 200, body: { subject, groups, roles, database: about ?? null, actions } };
    },
  }),
  route({
    method: 'GET',
    path: '/permissions/{id}',
    summary: 'Show a permission, also after it was revoked',
    needs: needs('manage_permissions', 'platform'),
    params: Params,
    responses: { 200: Permission },
    handler: async ({ params }) => ({ status: 200, body: await readPermission(params.id) }),
  }),
  route({
    method: 'POST',
    path: '/permissions/{id}/revoke',
    summary: 'Revoke a permission; it stays readable',
    needs: needs('manage_permissions', 'platform'),
    params: Params,
    body: RevokePermission,
    responses: { 200: Permission },
    handler: async ({ params, body, caller }) => ({
      status: 200,
      body: await revokePermission(params.id, { by: caller.subject, reason: body.reason }),
    }),
  }),
  route({
    method: 'POST',
    path: '/databases/{id}/restrict',
    summary: 'Close a database to the roles, or open it again',
    description:
      'On a restricted database only permissions count, and the groups of administrators. Its migrations stay as closed as it is when it is forgotten.',
    needs: needs('manage_permissions', 'platform'),
    params: z.strictObject({ id: DatabaseRef }),
    body: RestrictDatabase,
    responses: { 200: Restriction },
    async handler({ params, body, caller }) {
      const { id, name } = await findDatabase(params.id);
      const at = clock.iso();
      const restriction = { database: { id, name }, ...body, at, by: caller.subject };
      await restrictDatabase(restriction, await readAccessRules());
      return { status: 200, body: restriction };
    },
  }),
];
