import { auditRoute } from '#platform/audit-route.ts';
import { httpApi } from '#platform/http.ts';
import { idempotencyStore } from '#platform/idempotency.ts';
import { Action, accessControl, auditTrail, needs } from './access.ts';
import { ofrepRoutes } from './ofrep/routes.ts';
import { documentRoutes } from './reading/route.ts';
import { wholeDocumentRoutes } from './routes/documents.ts';
import { driftRoutes } from './routes/drift.ts';
import { environmentRoutes } from './routes/environments.ts';
import { experimentRoutes } from './routes/experiments.ts';
import { flagRoutes } from './routes/flags.ts';
import { rolloutRoutes } from './routes/rollouts.ts';
import { table } from './store.ts';

/** The HTTP API of flags: one Lambda. */
export const handler = httpApi({
  name: 'flags-api',
  root: '/flags',
  info: {
    title: 'Theseus: flags',
    version: '0.1.0',
    description: 'Flags of environments: how they are written, published, switched off and evaluated.',
  },
  routes: [
    ...environmentRoutes,
    ...driftRoutes,
    ...flagRoutes,
    ...wholeDocumentRoutes,
    ...documentRoutes,
    ...ofrepRoutes,
    ...experimentRoutes,
    ...rolloutRoutes,
    auditRoute('/flags/audit', needs('read_flag_audit'), Action, auditTrail),
  ],
  idempotency: () => idempotencyStore(table()),
  access: accessControl,
  audit: auditTrail,
});
