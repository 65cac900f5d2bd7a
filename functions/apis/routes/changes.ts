import type { z } from 'zod';
import { type Route, route } from '#platform/route.ts';
import type { RoundTripReport } from '#transformations/round-trip/check.ts';
import { needs } from '../access.ts';
import { isServed, readApi } from '../registry/apis.ts';
import { versionOf } from '../registry/versions.ts';
import { serveApi } from '../serving/serve-api.ts';
import { derivedChanges } from '../transformation/derived-changes.ts';
import { ChangesView, DerivedView, NewChanges, type RoundTrip } from '../transformation/schemas.ts';
import { neighboursFrom, setChanges } from '../transformation/set-changes.ts';
import { changesOf } from '../transformation/stored-changes.ts';
import { VersionParams } from './versions.ts';

const mostOpen = 100;

const roundTripView = ({ checked, failures, open }: RoundTripReport): z.infer<typeof RoundTrip> => ({
  documents: checked.reduce((sum, { documents }) => sum + documents, 0),
  failures: failures
    .slice(0, mostOpen)
    .map(({ endpoint, message, change }) => ({ endpoint, message, change: change ?? null })),
  open: open.slice(0, mostOpen),
});

export const changeRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apis/{api}/versions/{version}/changes',
    summary: 'Show what leads from a version to the next newer one',
    needs: needs('view_apis'),
    params: VersionParams,
    responses: { 200: ChangesView },
    async handler({ params }) {
      const api = await readApi(params.api);
      const found = versionOf(api, params.version);
      const next = api.versions[api.versions.indexOf(found) + 1];
      return {
        status: 200,
        body: {
          api: api.id,
          from: found.version,
          to: next?.version ?? null,
          changes: await changesOf(found),
          roundTrip: null,
          served: isServed(api),
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/versions/{version}/changes/derived',
    summary: 'Derive what leads from a version to the next newer one, as far as it is mechanical',
    description: 'Nothing is stored; what could not be derived is told as open.',
    needs: needs('view_apis'),
    params: VersionParams,
    responses: { 200: DerivedView },
    async handler({ params }) {
      const neighbours = await neighboursFrom(await readApi(params.api), params.version);
      const { changes, derived, open } = derivedChanges(neighbours);
      const { older, newer } = neighbours;
      return {
        status: 200,
        body: {
          api: params.api,
          from: older.version,
          to: newer.version,
          changes,
          derived,
          open: open.slice(0, mostOpen),
        },
      };
    },
  }),
  route({
    method: 'PUT',
    path: '/apis/{api}/versions/{version}/changes',
    summary: 'Set what leads from a version to the next newer one',
    description:
      'They are tried on documents made of the schemas of both versions first: a change that makes an invalid document, or loses something without saying so, is refused with the smallest document that shows it.',
    needs: needs('register_api'),
    params: VersionParams,
    body: NewChanges,
    responses: { 200: ChangesView },
    async handler({ params, body, caller, logger }) {
      const { changes: written, accept } = body;
      const { api, report } = await setChanges(params.api, params.version, {
        written,
        accept,
        by: caller.subject,
      });
      const found = versionOf(api, params.version);
      const next = api.versions[api.versions.indexOf(found) + 1];
      const then = await serveApi(api, { logger });
      return {
        status: 200,
        body: {
          api: api.id,
          from: found.version,
          to: next?.version ?? null,
          changes: await changesOf(found),
          roundTrip: roundTripView(report),
          served: isServed(then),
        },
      };
    },
  }),
];
