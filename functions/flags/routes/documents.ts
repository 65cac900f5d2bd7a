import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { bounded } from '../authoring/json.ts';
import { readEnvironment } from '../environments/environments.ts';
import { redeploy } from '../environments/redeploy.ts';
import { environmentStatus } from '../environments/status.ts';
import { compile } from '../evaluation/compile.ts';
import { parseDocument } from '../evaluation/document.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { tryToBringOn } from '../publishing/bring-on.ts';
import { importDocument } from '../registry/import-document.ts';
import { readDocument } from '../registry/snapshot.ts';
import {
  DocumentImport,
  EnvironmentView,
  EvaluateAnswer,
  EvaluateRequest,
  ImportResult,
  Why,
} from '../schemas.ts';
import { EnvironmentParams } from './environments.ts';

const path = '/flags/environments/{environment}';
const none = '{"flags":{}}';

/** Flags of an environment as one document. */
export const wholeDocumentRoutes: Route[] = [
  route({
    method: 'PUT',
    path: `${path}/document`,
    summary: 'Take a document of flagd in place of all flags of an environment',
    description: 'Whole or not at all; flags that it does not have are deleted.',
    needs: needs('change_flags'),
    params: EnvironmentParams,
    body: DocumentImport,
    responses: { 200: ImportResult },
    async handler({ params, body, caller, logger, metrics }) {
      const { environment } = params;
      const reason = { by: caller.subject, why: body.why };
      const { result } = await importDocument(environment, body.document, body.revision, reason);
      await tryToBringOn(environment, { logger, metrics });
      return { status: 200, body: result };
    },
  }),
  route({
    method: 'GET',
    path: `${path}/export`,
    summary: 'Read the newest flags of an environment as a document of flagd, deployed or not',
    needs: needs('view_flags'),
    params: EnvironmentParams,
    responses: { 200: z.unknown() },
    async handler({ params }) {
      const record = await readEnvironment(params.environment);
      return { status: 200, body: JSON.parse((await readDocument(record)) ?? none) };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/evaluate`,
    summary: 'Say what the newest flags and kill switches would give somebody, and why',
    needs: needs('evaluate_flags'),
    routine: true,
    params: EnvironmentParams,
    body: bounded(EvaluateRequest),
    responses: { 200: EvaluateAnswer },
    async handler({ params, body }) {
      const record = await readEnvironment(params.environment);
      const { document } = await readKillSwitches(params.environment);
      const set = compile({
        flags: parseDocument(JSON.parse((await readDocument(record)) ?? none)),
        killSwitches: parseDocument(document),
      });
      const now = Math.floor((body.at === undefined ? clock.now() : Date.parse(body.at)) / 1_000);
      const evaluation = set.evaluate(body.flag, body.context, now);
      return {
        status: 200,
        body: { flag: body.flag, ...evaluation, revision: record.publication.revision },
      };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/redeploy`,
    summary:
      'Deploy the newest flags and kill switches again, after they were taken back or somebody else deployed',
    needs: needs('change_flags'),
    params: EnvironmentParams,
    body: z.strictObject({ why: Why }),
    responses: { 200: EnvironmentView },
    async handler({ params, body, caller, logger, metrics }) {
      await redeploy(params.environment, { by: caller.subject, why: body.why });
      await tryToBringOn(params.environment, { logger, metrics });
      return { status: 200, body: await environmentStatus(params.environment) };
    },
  }),
];
