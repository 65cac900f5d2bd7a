import { z } from 'zod';
import { ServiceContract } from '#compatibility/contract.ts';
import { Version } from '#compatibility/ranges.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { compareNew, compareRegistered } from '../registry/compare.ts';
import { matrixOf } from '../registry/matrix.ts';
import { Matrix } from '../registry/matrix-schemas.ts';
import { Compatibility, Name } from '../schemas.ts';
import { ServiceParams } from './versions.ts';

export const NewContract = z
  .strictObject({ version: Version, contract: ServiceContract })
  .meta({ id: 'NewServiceContract' });

export const compatibilityRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/services/{name}/compatibility',
    summary: 'Ask what a contract would change and break; nothing is stored',
    needs: needs('view_services'),
    params: ServiceParams,
    body: NewContract,
    responses: { 200: Compatibility },
    routine: true,
    handler: async ({ params, body }) => ({
      status: 200,
      body: await compareNew(params.name, body.version, body.contract),
    }),
  }),
  route({
    method: 'GET',
    path: '/services/{name}/compatibility',
    summary: 'Ask what it changes and breaks to put one registered version in the place of another',
    needs: needs('view_services'),
    params: ServiceParams,
    query: z.strictObject({ from: Version.optional(), to: Version }),
    responses: { 200: Compatibility },
    handler: async ({ params, query }) => ({
      status: 200,
      body: await compareRegistered(params.name, query.from ?? null, query.to),
    }),
  }),
  route({
    method: 'GET',
    path: '/services/matrix',
    summary: 'Show which versions of services go on with which versions of those they depend on',
    needs: needs('view_services'),
    query: z.strictObject({
      service: Name.optional().describe('Only rows in which it depends or is depended on'),
    }),
    responses: { 200: Matrix },
    handler: async ({ query }) => ({ status: 200, body: await matrixOf(query.service) }),
  }),
];
