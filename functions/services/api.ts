import { auditRoute } from '#platform/audit-route.ts';
import { httpApi } from '#platform/http.ts';
import { idempotencyStore } from '#platform/idempotency.ts';
import { Action, accessControl, auditTrail, needs } from './access.ts';
import { cloudMapRoutes } from './routes/cloud-map.ts';
import { compatibilityRoutes } from './routes/compatibility.ts';
import { consumerRoutes } from './routes/consumers.ts';
import { discoveryRoutes } from './routes/discovery.ts';
import { instanceRoutes } from './routes/instances.ts';
import { versionRoutes } from './routes/versions.ts';
import { table } from './store.ts';

/** The HTTP API of services: one Lambda. */
export const handler = httpApi({
  name: 'services-api',
  root: '/services',
  info: {
    title: 'Theseus: services',
    version: '0.1.0',
    description: 'Versions of services, their contracts and instances, and who depends on whom.',
  },
  routes: [
    ...versionRoutes,
    ...instanceRoutes,
    ...discoveryRoutes,
    ...consumerRoutes,
    ...compatibilityRoutes,
    ...cloudMapRoutes,
    auditRoute('/services/audit', needs('read_service_audit'), Action, auditTrail),
  ],
  idempotency: () => idempotencyStore(table()),
  access: accessControl,
  audit: auditTrail,
});
