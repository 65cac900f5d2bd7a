import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { CompatibilityMode, ContentMode } from '#compatibility/json-schema/mode-names.ts';
import { NotFound } from '#platform/errors.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { isServed, readApi } from '../registry/apis.ts';
import { compareRegistered } from '../registry/compare.ts';
import { deregisterVersion } from '../registry/deregister.ts';
import { descriptionText } from '../registry/descriptions.ts';
import { tryVersion } from '../registry/examine.ts';
import { registerVersion } from '../registry/register.ts';
import {
  ApiComparison,
  ApiVersionPage,
  ApiVersionView,
  DescriptionText,
  NewApiVersion,
  Registered,
} from '../registry/version-schemas.ts';
import { versionOf, versionView } from '../registry/versions.ts';
import { ApiName } from '../schemas.ts';
import { serveApi } from '../serving/serve-api.ts';
import { ApiParams } from './apis.ts';

export const VersionParams = z.strictObject({ api: ApiName, version: ApiVersion });

const Deregistration = z
  .strictObject({
    force: z.enum(['true', 'false']).default('false'),
    reason: z.string().min(1).max(500).optional(),
  })
  .refine(({ force, reason }) => force === 'false' || reason !== undefined, {
    error: 'Expected a reason for the force',
    path: ['reason'],
  });

/** An answer of Lambda ends at 6 MB, and JSON escapes quotes. */
const largestShown = 2_000_000;

export const versionRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/apis/{api}/versions',
    summary: 'Register a version from its description',
    description:
      'The same again changes nothing. With `dryRun` it says what would come of it. A version whose number says less than its description changes is refused, and one that is older than others; what is named in `accept` is let through, with its reason.',
    needs: needs('register_api'),
    params: ApiParams,
    query: z.strictObject({ dryRun: z.enum(['true', 'false']).default('false') }),
    body: NewApiVersion,
    responses: { 200: Registered, 201: Registered },
    async handler({ params: { api }, query, body, caller, logger }) {
      if (query.dryRun === 'true') {
        const { comparison, refusals } = await tryVersion(api, body);
        const refused = refusals.map(({ name, message }) => ({ name, message }));
        return { status: 200, body: { version: null, comparison, refused, served: false } };
      }
      const { api: changed, record, comparison, created } = await registerVersion(api, body, caller.subject);
      const then = await serveApi(changed, { logger });
      return {
        status: created ? 201 : 200,
        body: { version: versionView(api, record), comparison, refused: [], served: isServed(then) },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/versions',
    summary: 'List the versions of an API, the newest first',
    needs: needs('view_apis'),
    params: ApiParams,
    query: pageQuery,
    responses: { 200: ApiVersionPage },
    async handler({ params, query: { limit, cursor } }) {
      const { id, versions } = await readApi(params.api);
      const newestFirst = versions.toReversed();
      const after = cursor === undefined ? undefined : decodeCursor(ApiVersion, cursor);
      const start = newestFirst.findIndex(({ version }) => version === after) + 1;
      const items = newestFirst.slice(start, start + limit);
      const next = newestFirst.length > start + limit ? items.at(-1)?.version : undefined;
      return {
        status: 200,
        body: pageBody(
          items.map((one) => versionView(id, one)),
          next,
        ),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/versions/{version}',
    summary: 'Show a version of an API',
    needs: needs('view_apis'),
    params: VersionParams,
    responses: { 200: ApiVersionView },
    async handler({ params }) {
      const api = await readApi(params.api);
      return { status: 200, body: versionView(api.id, versionOf(api, params.version)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/apis/{api}/versions/{version}',
    summary: 'Deregister a version: requests for it are refused as for one that never was',
    description:
      'Meant for mistakes; a version that consumers know goes away by a deprecation. Refused while it is the default or consumers are pinned to it; `force` with a reason takes their pins back.',
    needs: needs('register_api'),
    params: VersionParams,
    query: Deregistration,
    responses: { 204: z.undefined() },
    async handler({ params: { api, version }, query, caller, logger }) {
      const force = query.force === 'true';
      await serveApi(await deregisterVersion(api, version, { force, by: caller.subject }), { logger });
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/versions/{version}/description',
    summary: 'Show the description that a version was registered with',
    needs: needs('view_apis'),
    params: VersionParams,
    responses: { 200: DescriptionText },
    async handler({ params }) {
      const found = versionOf(await readApi(params.api), params.version);
      const { hash, bytes } = found.description;
      if (bytes > largestShown) {
        throw new NotFound(
          `The description of ${params.api} ${params.version} has ${bytes} bytes: too many to show`,
          {
            evidence: { bytes, limit: largestShown, key: found.description.key },
            action: 'Read it from the artifacts bucket, at the key named.',
          },
        );
      }
      const text = await descriptionText(found);
      return { status: 200, body: { version: params.version, hash, bytes, text } };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/compare',
    summary: 'Ask what it changes and breaks to go from one registered version to another',
    needs: needs('view_apis'),
    params: ApiParams,
    query: z.strictObject({
      from: ApiVersion,
      to: ApiVersion,
      mode: CompatibilityMode.optional().describe('Of JSON Schemas: what the newer one has to be'),
      content: ContentMode.optional().describe(
        'Of JSON Schemas, with a mode: how readers take unknown fields',
      ),
    }),
    responses: { 200: ApiComparison },
    async handler({ params, query: { from, to, mode, content } }) {
      const asked = mode === undefined ? undefined : { mode, content };
      return { status: 200, body: await compareRegistered(await readApi(params.api), from, to, asked) };
    },
  }),
];
