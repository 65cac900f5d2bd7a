import { z } from 'zod';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { readApi } from '../registry/apis.ts';
import { largestDescription, offerUpload } from '../registry/uploads.ts';
import { Upload } from '../registry/version-schemas.ts';
import { ApiParams } from './apis.ts';

export const NewUpload = z
  .strictObject({
    bytes: z
      .int()
      .min(1)
      .max(largestDescription, `Expected at most ${largestDescription} bytes`)
      .describe('Of the text in UTF-8'),
  })
  .meta({ id: 'NewApiUpload' });

export const uploadRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/apis/{api}/uploads',
    summary: 'Get a URL for a description that is too large for a request',
    description:
      'PUT the text there, exactly as many bytes as announced; then register the version by the id.',
    needs: needs('register_api'),
    params: ApiParams,
    body: NewUpload,
    responses: { 201: Upload },
    answersSecret: true,
    async handler({ params, body }) {
      await readApi(params.api);
      return { status: 201, body: await offerUpload(params.api, body.bytes) };
    },
  }),
];
