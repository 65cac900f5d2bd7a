import { auditRoute } from '#platform/audit-route.ts';
import { httpApi } from '#platform/http.ts';
import { idempotencyStore } from '#platform/idempotency.ts';
import { Action, accessControl, auditTrail, needs } from './access.ts';
import { apiRoutes } from './apis/routes.ts';
import { breakerRoutes } from './circuit-breaker/routes.ts';
import { routeRoutes } from './routes/api.ts';
import { table } from './store.ts';

/** The HTTP API of gateway: one Lambda. */
export const handler = httpApi({
  name: 'gateway-api',
  root: '/gateway',
  info: {
    title: 'Theseus: gateway',
    version: '0.1.0',
    description: 'Where requests to services go: versions, weights and circuit breakers.',
  },
  routes: [
    ...routeRoutes,
    ...breakerRoutes,
    ...apiRoutes,
    auditRoute('/gateway/audit', needs('read_gateway_audit'), Action, auditTrail),
  ],
  idempotency: () => idempotencyStore(table()),
  access: accessControl,
  audit: auditTrail,
});
