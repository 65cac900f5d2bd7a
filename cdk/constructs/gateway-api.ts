import { CfnOutput, Duration, Validations } from 'aws-cdk-lib';
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  RequestAuthorizer,
  ResponseTransferMode,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { type Alias, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { asFunction } from './interfaces.ts';

/** Why the checks are right to ask, and what stands in their place. */
const acknowledged = {
  'AwsSolutions-APIG1':
    'Access logs of a REST API need a role that is set for the whole account; the function counts and traces every request itself.',
  'AwsSolutions-APIG2': 'Requests belong to the services behind it: only they know what is valid.',
  'AwsSolutions-APIG3':
    'A web ACL belongs to whoever knows the services behind it; it is attached to the stage.',
  'AwsSolutions-APIG4': 'Each route says who is let in, and the function holds every request against it.',
  'AwsSolutions-APIG6':
    'Execution logs of a REST API need a role that is set for the whole account; the function logs what fails.',
  'AwsSolutions-COG4': 'Each route says who is let in, and the function holds every request against it.',
};

/**
 * The front door of services that have none of their own: a REST API whose every path goes to one function, which
 * streams the answer. Larger requests than Lambda takes (6 MB) never reach it: API Gateway answers 413.
 */
export function gatewayApi(
  scope: Construct,
  environment: Environment,
  { serve, authorize }: { serve: Alias; authorize: Alias },
): RestApi {
  const api = new RestApi(scope, 'Gateway', {
    restApiName: `${environment.prefix}-gateway`,
    description: `Requests to services, by version and weight (Theseus, ${environment.name})`,
    endpointTypes: [EndpointType.REGIONAL],
    cloudWatchRole: false,
    binaryMediaTypes: ['*/*'], // bodies pass through as they are
    deployOptions: {
      stageName: 'live',
      tracingEnabled: true,
      metricsEnabled: true,
      throttlingRateLimit: environment.gateway.requestsPerSecond,
      throttlingBurstLimit: environment.gateway.burst,
    },
  });
  const integration = new LambdaIntegration(asFunction(serve), {
    responseTransferMode: ResponseTransferMode.STREAM,
    // A streamed answer may take this long; a route's own limit is until it begins.
    timeout: Duration.minutes(15),
    allowTestInvoke: false,
  });
  const protection = environment.gateway.authorizer
    ? {
        authorizationType: AuthorizationType.CUSTOM,
        authorizer: new RequestAuthorizer(scope, 'Access', {
          // By its ARN, so that the permission stands in this stack: the other one must not wait for it.
          handler: LambdaFunction.fromFunctionAttributes(scope, 'Authorize', {
            functionArn: authorize.functionArn,
            sameEnvironment: true,
          }),
          // What counts is the route and its token: nothing of a request answers for another one.
          identitySources: [],
          resultsCacheTtl: Duration.seconds(0),
        }),
      }
    : {};
  api.root.addMethod('ANY', integration, protection);
  api.root.addResource('{proxy+}').addMethod('ANY', integration, protection);
  for (const [id, reason] of Object.entries(acknowledged)) Validations.of(api).acknowledge({ id, reason });
  new CfnOutput(scope, 'GatewayUrl', {
    value: api.url,
    description: 'Services answer below <url><service>/',
  });
  return api;
}
