import { environmentVariable } from '#platform/environment.ts';
import { httpApi } from '#platform/http.ts';
import { idempotencyStore } from '#platform/idempotency.ts';
import { accessControl } from './access/control.ts';
import { auditTrail } from './access/trail.ts';
import { alertRoutes } from './routes/alerts.ts';
import { auditRoutes } from './routes/audit.ts';
import { backupRoutes } from './routes/backups.ts';
import { connectorRoutes } from './routes/connectors.ts';
import { databaseRoutes } from './routes/databases.ts';
import { fleetRoutes } from './routes/fleets.ts';
import { migrationRoutes } from './routes/migrations.ts';
import { permissionRoutes } from './routes/permissions.ts';
import { recordErrorRoutes } from './routes/record-errors.ts';
import { rehearsalRoutes } from './routes/rehearsals.ts';
import { schemaRoutes } from './routes/schemas.ts';
import { slackOpenRoutes, slackRoutes } from './routes/slack.ts';
import { webhookDescriptions, webhookRoutes } from './routes/webhooks.ts';

/** The HTTP API of migrations: one Lambda. */
export const handler = httpApi({
  name: 'migrations-api',
  root: '',
  info: {
    title: 'Theseus',
    version: '0.1.0',
    description: 'Changes the schema of live databases without stopping them, and takes changes back.',
  },
  routes: [
    ...connectorRoutes,
    ...databaseRoutes,
    ...schemaRoutes,
    ...migrationRoutes,
    ...recordErrorRoutes,
    ...rehearsalRoutes,
    ...fleetRoutes,
    ...backupRoutes,
    ...alertRoutes,
    ...permissionRoutes,
    ...auditRoutes,
    ...webhookRoutes,
    ...slackRoutes,
  ],
  open: slackOpenRoutes,
  webhooks: webhookDescriptions,
  idempotency: () => idempotencyStore(environmentVariable('MIGRATIONS_TABLE')),
  access: accessControl,
  audit: auditTrail,
});
