import { auditRoute } from '#platform/audit-route.ts';
import { httpApi } from '#platform/http.ts';
import { idempotencyStore } from '#platform/idempotency.ts';
import { Action, accessControl, auditTrail, needs } from './access.ts';
import { analyticsRoute } from './analytics/routes.ts';
import { releaseRoutes } from './releases/routes.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { table } from './store.ts';

/** The HTTP API of deployments: one Lambda. */
export const handler = httpApi({
  name: 'deployments-api',
  root: '/deployments',
  info: {
    title: 'Theseus: deployments',
    version: '0.1.0',
    description: 'New versions of services, brought into use step by step and judged.',
  },
  routes: [
    auditRoute('/deployments/audit', needs('read_deployment_audit'), Action, auditTrail),
    analyticsRoute,
    ...deploymentRoutes,
    ...releaseRoutes,
  ],
  idempotency: () => idempotencyStore(table()),
  access: accessControl,
  audit: auditTrail,
});
