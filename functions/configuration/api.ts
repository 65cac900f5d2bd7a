import { auditRoute } from '#platform/audit-route.ts';
import { httpApi } from '#platform/http.ts';
import { idempotencyStore } from '#platform/idempotency.ts';
import { Action, accessControl, auditTrail, needs } from './access.ts';
import { driftRoutes } from './routes/drift.ts';
import { keyRoutes } from './routes/keys.ts';
import { publicationRoutes } from './routes/publications.ts';
import { resolvedRoutes } from './routes/resolved.ts';
import { ruleRoutes } from './routes/rules.ts';
import { secretRoutes } from './routes/secrets.ts';
import { subscriptionRoutes } from './routes/subscriptions.ts';
import { updateRoutes } from './routes/updates.ts';
import { valueRoutes } from './routes/values.ts';
import { table } from './store.ts';

/** The HTTP API of configuration: one Lambda. */
export const handler = httpApi({
  name: 'configuration-api',
  root: '/configuration',
  info: {
    title: 'Theseus: configuration',
    version: '0.1.0',
    description:
      'What services are told: values by tenant, service and environment, with schemas and history.',
  },
  routes: [
    ...keyRoutes,
    ...valueRoutes,
    ...resolvedRoutes,
    ...publicationRoutes,
    ...updateRoutes,
    ...subscriptionRoutes,
    ...secretRoutes,
    ...ruleRoutes,
    ...driftRoutes,
    auditRoute('/configuration/audit', needs('read_configuration_audit'), Action, auditTrail),
  ],
  idempotency: () => idempotencyStore(table()),
  access: accessControl,
  audit: auditTrail,
});
