import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import { checkConnector } from '../connectors/client.ts';
import {
  Connector,
  ConnectorPage,
  ConnectorRef,
  ConnectorUpdate,
  NewConnector,
} from '../connectors/schemas.ts';
import {
  connectorView,
  createConnector,
  deleteConnector,
  findConnector,
  listConnectors,
  refuseDefault,
  reserveConnectorName,
  updateConnector,
} from '../connectors/store.ts';

const Params = z.strictObject({ id: ConnectorRef });

export const connectorRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/connectors',
    summary: 'Register a connector',
    description:
      "The output `Registration` of a connector's stack is the body. Before it is stored its role is assumed and asked for every function, without running any.",
    needs: needs('configure', 'platform'),
    body: NewConnector,
    responses: { 201: Connector },
    async handler({ body, caller, requestId }) {
      const id = await reserveConnectorName(body.name);
      await checkConnector({ ...body, externalId: body.externalId ?? null }, requestId);
      const record = await createConnector(id, body, caller.subject);
      return { status: 201, body: connectorView(record), headers: { location: `/connectors/${id}` } };
    },
  }),
  route({
    method: 'GET',
    path: '/connectors',
    summary: 'List connectors',
    description: 'The first is the one that was deployed with the platform.',
    needs: needs('view_progress', 'platform'),
    query: pageQuery,
    responses: { 200: ConnectorPage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listConnectors(query.limit, from);
      return { status: 200, body: pageBody(items.map(connectorView), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/connectors/{id}',
    summary: 'Show a connector, by id or name',
    needs: needs('view_progress', 'platform'),
    params: Params,
    responses: { 200: Connector },
    handler: async ({ params }) => ({ status: 200, body: connectorView(await findConnector(params.id)) }),
  }),
  route({
    method: 'PUT',
    path: '/connectors/{id}',
    summary: 'Register a new release of a connector',
    description:
      'Used by whatever starts from now on; what runs keeps the functions it was started with. Checked like a new one.',
    needs: needs('configure', 'platform'),
    params: Params,
    body: ConnectorUpdate,
    responses: { 200: Connector },
    async handler({ params, body, requestId }) {
      refuseDefault(params.id);
      const record = await findConnector(params.id);
      await checkConnector({ ...body, name: record.name, externalId: body.externalId ?? null }, requestId);
      return { status: 200, body: connectorView(await updateConnector(record, body)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/connectors/{id}',
    summary: 'Forget a connector',
    description: 'Refused while a database is reached through it. Its stack is not touched.',
    needs: needs('configure', 'platform'),
    params: Params,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      refuseDefault(params.id);
      await deleteConnector(await findConnector(params.id));
      return { status: 204, body: undefined };
    },
  }),
];
