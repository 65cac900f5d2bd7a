import { z } from 'zod';
import { NotFound } from '#platform/errors.ts';
import type { OpenRoute } from '#platform/open-route.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { namedDocument, readDocument } from '../documents/read-document.ts';
import { findApi, readApi } from '../registry/apis.ts';
import { ApiName } from '../schemas.ts';

const DocumentParams = z.strictObject({
  api: ApiName,
  versions: z.string().max(300).describe('1.0.0..2.0.0'),
  document: z.string().max(50).describe('changelog or guide; .md or .html where Accept does not say'),
});

export const documentRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apis/{api}/documents/{versions}/{document}',
    summary: 'Read what changed between two versions, or how to go from one to the other',
    needs: needs('view_apis'),
    params: DocumentParams,
    produces: ['text/markdown', 'text/html'],
    responses: { 200: z.string() },
    async handler({ params, header }) {
      const named = namedDocument(params.versions, params.document, header('accept'));
      return readDocument(await readApi(params.api), named, { open: false });
    },
  }),
];

/** Where links in answers of the gateway lead, for whoever has no token. */
export const publicDocuments: OpenRoute = {
  method: 'GET',
  path: '/apis/documents/{api}/{versions}/{document}',
  summary: 'Read a document of an API whose documents are public',
  description: 'Only where the API says so; who used what is not in it.',
  contentType: 'text/html',
  async handler({ params, header }) {
    const { api = '', versions = '', document = '' } = params;
    const found = ApiName.safeParse(api).success ? await findApi(api) : undefined;
    if (found?.settings.publicDocuments !== true) {
      throw new NotFound(`There are no public documents of ${api}`, {
        evidence: { api },
        action: 'Its owners open them with `theseus api set <api> --public-documents`.',
      });
    }
    return readDocument(found, namedDocument(versions, document, header('accept')), { open: true });
  },
};
