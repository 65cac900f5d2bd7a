import { CfnOutput, CfnParameter, RemovalPolicy, Token, Validations } from 'aws-cdk-lib';
import { CfnStage, HttpApi, HttpMethod, HttpNoneAuthorizer, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { asFunction } from './interfaces.ts';
import { pascalCase } from './names.ts';

/** What answers without a token, and why that is right. */
export interface OpenPath {
  method: HttpMethod;
  path: string;
  reason: string;
}

/** What every API says of itself. */
const openBelow = (root: string): OpenPath[] => [
  {
    method: HttpMethod.GET,
    path: `${root}/openapi.json`,
    reason: 'The API description holds nothing of any tenant.',
  },
  { method: HttpMethod.GET, path: `${root}/health`, reason: 'Health holds nothing of any tenant.' },
];

const accessLogFormat = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  caller: '$context.authorizer.claims.sub',
  sourceIp: '$context.identity.sourceIp',
  authorizerError: '$context.authorizer.error',
  integrationError: '$context.integrationErrorMessage',
};

export interface HttpApiProps {
  environment: Environment;
  key: IKey;
  handlers: ApiHandler[];
}

/** A function and what of the HTTP API it answers. */
export interface ApiHandler {
  /** Where its description and its health are: '' or `/services`. */
  root: string;
  /** First path segments of its routes, for example `migrations`. */
  nouns: string[];
  /** What else it answers without a token. */
  open?: OpenPath[];
  handler: Alias;
}

/**
 * The HTTP API: tokens of the issuer given at deployment, a rate limit over all callers, every request
 * logged. The function behind it does the rest, roles included.
 */
export function httpApi(scope: Construct, { environment, key, handlers }: HttpApiProps): HttpApi {
  const issuer = new CfnParameter(scope, 'JwtIssuer', {
    type: 'String',
    allowedPattern: '^https://[^ ]+$',
    constraintDescription: 'expected the https URL of an OpenID Connect issuer',
    description: 'Who signs the tokens of callers: the issuer of an OpenID Connect provider',
  });
  const audience = new CfnParameter(scope, 'JwtAudience', {
    type: 'CommaDelimitedList',
    description: 'Whom the tokens are for: the aud (or client_id) claims that are accepted',
  });
  const authorizer = new HttpJwtAuthorizer('Tokens', issuer.valueAsString, {
    jwtAudience: Token.asList(audience.value),
  });
  const api = new HttpApi(scope, 'Api', {
    apiName: environment.prefix,
    description: `Theseus, ${environment.name}`,
    createDefaultStage: false,
    defaultAuthorizer: authorizer,
  });
  for (const each of handlers) answer(api, each);

  const logGroup = new LogGroup(scope, 'ApiAccessLog', {
    logGroupName: `/aws/vendedlogs/apis/${environment.prefix}`,
    retention: environment.logRetention,
    encryptionKey: key,
    removalPolicy: environment.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  const stage = new HttpStage(scope, 'ApiStage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: environment.requestsPerSecond, burstLimit: environment.burst },
    detailedMetricsEnabled: true,
  });
  const resource = stage.node.defaultChild;
  if (!(resource instanceof CfnStage)) throw new Error(`${stage.node.path} has no stage resource`);
  resource.accessLogSettings = {
    destinationArn: logGroup.logGroupArn,
    format: JSON.stringify(accessLogFormat),
  };
  new CfnOutput(scope, 'ApiUrl', { value: stage.url, description: 'The URL of the HTTP API' });
  return api;
}

/** Gives the routes of a function to the API. */
function answer(api: HttpApi, { root, nouns, open = [], handler }: ApiHandler): void {
  const integration = new HttpLambdaIntegration(`${pascalCase(root.slice(1))}Handler`, asFunction(handler));
  for (const noun of nouns) {
    api.addRoutes({ path: `/${noun}`, methods: [HttpMethod.ANY], integration });
    api.addRoutes({ path: `/${noun}/{proxy+}`, methods: [HttpMethod.ANY], integration });
  }
  for (const { method, path, reason } of [...openBelow(root), ...open]) {
    const authorizer = new HttpNoneAuthorizer();
    for (const route of api.addRoutes({ path, methods: [method], integration, authorizer }))
      Validations.of(route).acknowledge({ id: 'AwsSolutions-APIG4', reason });
  }
}
