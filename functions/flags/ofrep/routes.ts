import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { readEnvironment } from '../environments/environments.ts';
import { orderOf } from '../reading/order.ts';
import { servedFlags } from '../reading/served-flags.ts';
import { EnvironmentName } from '../schemas.ts';
import { contextOf, OfrepBulk, OfrepBulkFailure, OfrepFailure, OfrepSuccess, ofrepOf } from './answers.ts';
import { bulkTag, hasSame, keepsNewer } from './bulk-tag.ts';

const Environment = z.strictObject({ environment: EnvironmentName });
const OneFlag = Environment.extend({ key: z.string() });
/** Looked into by the protocol's own rules, whose errors are not the platform's. */
const Request = z.unknown().describe('{ "context": { "targetingKey": "ada", … } }');

const seconds = () => Math.floor(clock.now() / 1_000);

/** The OpenFeature Remote Evaluation Protocol: its base URL is the environment's. */
export const ofrepRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/flags/environments/{environment}/ofrep/v1/evaluate/flags/{key}',
    summary: 'Evaluate one flag by the OpenFeature Remote Evaluation Protocol',
    description: 'For OFREP providers, whose base URL is /flags/environments/{environment} of the platform.',
    needs: needs('evaluate_flags'),
    routine: true,
    params: OneFlag,
    body: Request,
    responses: { 200: OfrepSuccess, 400: OfrepFailure, 404: OfrepFailure },
    async handler({ params: { environment, key }, body, logger }) {
      const asked = contextOf(body);
      if ('refused' in asked) return { status: 400, body: { key, ...asked.refused } };
      const { set } = await servedFlags(environment, logger);
      const answer = ofrepOf(key, set.evaluate(key, asked.context, seconds()));
      if (!('errorCode' in answer)) return { status: 200, body: answer };
      return { status: answer.errorCode === 'FLAG_NOT_FOUND' ? 404 : 400, body: answer };
    },
  }),
  route({
    method: 'POST',
    path: '/flags/environments/{environment}/ofrep/v1/evaluate/flags',
    summary: 'Evaluate all flags by the OpenFeature Remote Evaluation Protocol',
    description:
      'Answers 304 without a body where If-None-Match has the ETag of the last answer, and the answer is the same; or where that one was of newer flags than this function of the platform has yet, as it may be while a deployment grows.',
    needs: needs('evaluate_flags'),
    routine: true,
    params: Environment,
    body: Request,
    responses: { 200: OfrepBulk, 304: z.undefined(), 400: OfrepBulkFailure },
    async handler({ params: { environment }, body, header, logger }) {
      const asked = contextOf(body);
      if ('refused' in asked) return { status: 400, body: asked.refused };
      const { set, documents } = await servedFlags(environment, logger);
      const answer = {
        flags: set.evaluateAll(asked.context, seconds()).map(({ key, ...found }) => ofrepOf(key, found)),
        metadata: set.metadata,
      };
      const made = {
        body: answer,
        order: orderOf(documents.flags.revision),
        killSwitches: documents.killSwitches?.revision ?? '',
        context: asked.context,
      };
      const condition = header('if-none-match');
      const headers = { etag: bulkTag(made), 'cache-control': 'private, no-cache' };
      if (hasSame(condition, made)) return { status: 304, body: undefined, headers };
      const publication = async () => (await readEnvironment(environment)).publication;
      // Without the tag of the answer that it would have been: the client's own stays good.
      if (await keepsNewer(condition, made, publication)) return { status: 304, body: undefined };
      return { status: 200, body: answer, headers };
    },
  }),
];
