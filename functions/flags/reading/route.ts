import { z } from 'zod';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { hasTag } from '../ofrep/answers.ts';
import { EnvironmentName } from '../schemas.ts';
import { emptyDocument } from './feed.ts';
import { orderOf } from './order.ts';
import { servedFlags } from './served-flags.ts';

const Params = z.strictObject({ environment: EnvironmentName });

const Documents = z
  .strictObject({
    flags: z.unknown().describe('The flags that are deployed, as a document of flagd'),
    killSwitches: z.unknown().describe('Another one, whose flags win over them'),
    revision: z.string().describe('Of both: another one when anything changed'),
    order: z
      .int()
      .nullable()
      .describe(
        'Counts changes of the flags: a smaller one is of older flags, which another function of the platform may still have while a deployment grows',
      ),
  })
  .meta({ id: 'FlagDocuments' });

/** What processes read that evaluate flags themselves. */
export const documentRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/flags/environments/{environment}/document',
    summary: 'Read the flags of an environment as its services have them',
    description:
      'For processes that evaluate flags themselves and ask again and again: 304 without a body where If-None-Match has the ETag of what they have. Flags are those of the last deployment that ended, a second later at most; one that grows is looked at every 15 s. Kill switches are at most 1 s old.',
    needs: needs('evaluate_flags'),
    params: Params,
    responses: { 200: Documents, 304: z.undefined() },
    async handler({ params, header, logger }) {
      const { documents } = await servedFlags(params.environment, logger);
      const { flags, killSwitches } = documents;
      const revision = `${flags.revision}.${killSwitches?.revision ?? 0}`;
      const headers = { etag: `"${revision}"`, 'cache-control': 'private, no-cache' };
      if (hasTag(header('if-none-match'), headers.etag)) return { status: 304, body: undefined, headers };
      return {
        status: 200,
        body: {
          flags: flags.raw,
          killSwitches: killSwitches?.raw ?? emptyDocument,
          revision,
          order: orderOf(flags.revision),
        },
        headers,
      };
    },
  }),
];
