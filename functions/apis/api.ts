import { auditRoute } from '#platform/audit-route.ts';
import { httpApi } from '#platform/http.ts';
import { idempotencyStore } from '#platform/idempotency.ts';
import { Action, accessControl, auditTrail, needs } from './access.ts';
import { adoptionRoutes } from './routes/adoption.ts';
import { apiRoutes } from './routes/apis.ts';
import { changeRoutes } from './routes/changes.ts';
import { consumerRoutes } from './routes/consumers.ts';
import { deprecationRoutes } from './routes/deprecations.ts';
import { documentRoutes, publicDocuments } from './routes/documents.ts';
import { graphRoutes } from './routes/graphs.ts';
import { operationRoutes } from './routes/operations.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { versionRoutes } from './routes/versions.ts';
import { table } from './store.ts';

/** The HTTP API of apis: one Lambda. */
export const handler = httpApi({
  name: 'apis-api',
  root: '/apis',
  info: {
    title: 'Theseus: APIs',
    version: '0.1.0',
    description: 'APIs, their versions side by side, who uses which, and how they go away.',
  },
  routes: [
    ...apiRoutes,
    ...versionRoutes,
    ...consumerRoutes,
    ...uploadRoutes,
    ...changeRoutes,
    ...documentRoutes,
    ...adoptionRoutes,
    ...graphRoutes,
    ...operationRoutes,
    ...deprecationRoutes,
    auditRoute('/apis/audit', needs('read_api_audit'), Action, auditTrail),
  ],
  open: [publicDocuments],
  idempotency: () => idempotencyStore(table()),
  access: accessControl,
  audit: auditTrail,
});
