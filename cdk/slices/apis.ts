import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { apiFunctions } from '#apis/functions.ts';
import type { OpenPath } from '../constructs/http-api.ts';
import { apiGrants } from './apis-grants.ts';
import { capability } from './capability.ts';

/** The capability of apis, as local/capabilities/apis.ts runs it. */
export const apis = capability({
  name: 'apis',
  functions: apiFunctions,
  grants: apiGrants,
  nouns: ['apis'],
  machines: ['api-deprecation'],
  wakes: 'reconcile-deprecations',
});

/** What of apis is answered without a token. */
export const apiOpenPaths: OpenPath[] = [
  {
    method: HttpMethod.GET,
    path: '/apis/documents/{api}/{versions}/{document}',
    reason:
      'Only documents of APIs whose owners made them public; links in answers of the gateway lead there.',
  },
];
