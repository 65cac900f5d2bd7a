import type { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { counter, sumOf, type Watched } from '../constructs/alarms.ts';
import type { ApiHandler } from '../constructs/http-api.ts';
import { gateSecret, promotionSecret, stateMachineArn } from '../constructs/names.ts';
import type { Trigger } from '../constructs/triggers.ts';
import type { Environment } from '../environments.ts';
import { apiOpenPaths, apis } from './apis.ts';
import { type DeployedCapability, deployCapability } from './capability.ts';
import { configuration } from './configuration.ts';
import { deployments } from './deployments.ts';
import { flags } from './flags.ts';
import { gateway } from './gateway.ts';
import { services } from './services.ts';

export interface ServicesStackProps {
  environment: Environment;
  key: IKey;
  eventBus: EventBus;
  bucket: { name: string; arn: string };
  /** Of KMS, for secrets of configuration alone. */
  secretsKeyArn: string;
  /** One a capability. */
  tables: Record<
    'services' | 'gateway' | 'deployments' | 'apis' | 'flags' | 'configuration',
    { name: string; arn: string }
  >;
}

export interface ServicesStack {
  /** The functions that serve requests to services, and that turn strangers away. */
  gateway: { serve: Alias; authorize: Alias };
  /** Who answers which paths of the HTTP API. */
  handlers: ApiHandler[];
  /** What calls functions by itself. */
  triggers: Trigger[];
  watched: Watched[];
}

/** The control plane of services, of the gateway's routes, of deployments, of APIs and of flags. */
export function servicesStack(stack: Stack, props: ServicesStackProps): ServicesStack {
  const { tables, secretsKeyArn, ...common } = props;
  const variables = {
    THESEUS_PRIVATE_ENDPOINTS: props.environment.privateEndpoints ? 'allowed' : 'refused',
  };
  const approvals = { THESEUS_AUTHOR_MAY_APPROVE: String(props.environment.authorMayApprove) };
  const deployedServices = deployCapability(stack, services, {
    ...common,
    table: tables.services,
    asks: {},
    variables,
  });
  const deployedGateway = deployCapability(stack, gateway, {
    ...common,
    table: tables.gateway,
    asks: {},
    variables,
  });
  const deployedFlags = deployCapability(stack, flags, {
    ...common,
    table: tables.flags,
    asks: {},
    variables,
  });
  const deployedDeployments = deployCapability(stack, deployments, {
    ...common,
    table: tables.deployments,
    asks: {
      SERVICES_DESCRIBE_VERSION_FUNCTION: deployedServices.live('describe-version'),
      SERVICES_COMPARE_VERSIONS_FUNCTION: deployedServices.live('compare-versions'),
      GATEWAY_DESCRIBE_ROUTE_FUNCTION: deployedGateway.live('describe-route'),
      GATEWAY_SHIFT_TRAFFIC_FUNCTION: deployedGateway.live('shift-traffic'),
      GATEWAY_READ_TRAFFIC_FUNCTION: deployedGateway.live('read-traffic'),
      FLAGS_SET_FLAG_FUNCTION: deployedFlags.live('set-flag'),
    },
    variables: {
      ...variables,
      ...approvals,
      GATE_SECRET: gateSecret(props.environment.prefix),
      PROMOTION_SECRET: promotionSecret(props.environment.prefix),
    },
  });
  const deployedApis = deployCapability(stack, apis, {
    ...common,
    table: tables.apis,
    asks: {
      GATEWAY_PUT_API_FUNCTION: deployedGateway.live('put-api'),
      GATEWAY_READ_API_USAGE_FUNCTION: deployedGateway.live('read-api-usage'),
    },
    variables: { ...variables, NOTICE_SENDER: props.environment.noticeSender ?? 'none' },
  });
  const deployedConfiguration = deployCapability(stack, configuration, {
    ...common,
    table: tables.configuration,
    asks: { SERVICES_DESCRIBE_SERVICE_FUNCTION: deployedServices.live('describe-service') },
    secretsKeyArn,
    variables: { ...variables, ...approvals, CONFIGURATION_SECRETS_KEY: secretsKeyArn },
  });
  const answering = (noun: string, api: Alias, nouns: readonly string[]): ApiHandler => ({
    root: `/${noun}`,
    nouns: [...nouns],
    handler: api,
  });
  return {
    gateway: { serve: deployedGateway.live('serve'), authorize: deployedGateway.live('authorize') },
    handlers: [
      answering('services', deployedServices.live('api'), services.nouns),
      answering('gateway', deployedGateway.live('api'), gateway.nouns),
      answering('deployments', deployedDeployments.live('api'), deployments.nouns),
      { ...answering('apis', deployedApis.live('api'), apis.nouns), open: apiOpenPaths },
      answering('flags', deployedFlags.live('api'), flags.nouns),
      answering('configuration', deployedConfiguration.live('api'), configuration.nouns),
    ],
    triggers: [
      {
        name: 'probe-instances',
        meaning: 'Probes instances of services, and removes those whose lease is over',
        when: { everyMinutes: 1 },
        handlers: [deployedServices.live('probe-instances')],
      },
      {
        name: 'deployment-ended-badly',
        meaning: 'A workflow of deployments ended in a way that its own Catch may not have seen: reconcile',
        when: endedBadly(stack, props.environment, deployments.machines),
        handlers: [deployedDeployments.live('reconcile')],
      },
      {
        name: 'reconcile-deployments',
        meaning: 'Finds deployments whose workflow died, and publishes events that were stored but not sent',
        when: { everyMinutes: 1 },
        handlers: [deployedDeployments.live('reconcile'), deployedDeployments.live('publish-events')],
      },
      {
        name: 'deprecation-ended-badly',
        meaning: 'A workflow of deprecations ended in a way that its own Catch may not have seen: reconcile',
        when: endedBadly(stack, props.environment, apis.machines),
        handlers: [deployedApis.live('reconcile-deprecations')],
      },
      {
        name: 'reconcile-deprecations',
        meaning:
          'Finds deprecations whose time has come and that nobody started, tells consumers, publishes events',
        when: { everyMinutes: 1 },
        handlers: [
          deployedApis.live('reconcile-deprecations'),
          deployedApis.live('publish-deprecation-events'),
          deployedApis.live('deliver-notices'),
        ],
      },
      {
        name: 'configuration-update-ended-badly',
        meaning: 'A workflow of configuration ended in a way that its own Catch may not have seen: reconcile',
        when: endedBadly(stack, props.environment, configuration.machines),
        handlers: [deployedConfiguration.live('reconcile-updates')],
      },
      {
        name: 'reconcile-configuration',
        meaning:
          'Finds updates of configuration whose workflow died, publishes events, tells services what they were not told',
        when: { everyMinutes: 1 },
        handlers: [
          deployedConfiguration.live('reconcile-updates'),
          deployedConfiguration.live('sweep-updates'),
        ],
      },
      {
        name: 'check-configuration',
        meaning:
          'Holds configuration against its rules, and what services have in force against what is stored',
        when: { everyMinutes: 5 },
        handlers: [
          deployedConfiguration.live('check-configuration-compliance'),
          deployedConfiguration.live('detect-configuration-drift'),
        ],
      },
      {
        name: 'configuration-deployed',
        meaning: 'A deployment of configuration ended or was rolled back: what waited for it goes on',
        when: deployedOf(deployedConfiguration.application),
        handlers: [deployedConfiguration.live('publish-configuration')],
      },
      {
        name: 'publish-configuration',
        meaning: 'Deploys by AppConfig what of published configuration is not yet as it is stored',
        when: { everyMinutes: 1 },
        handlers: [deployedConfiguration.live('publish-configuration')],
      },
      {
        name: 'sweep-apis',
        meaning:
          'Tells the gateway of APIs what it was not told yet, and sends events that were stored but not sent',
        when: { everyMinutes: 1 },
        handlers: [deployedApis.live('sweep-apis')],
      },
      {
        name: 'flags-deployed',
        meaning: 'A deployment of flags ended or was rolled back: what waited for it goes on',
        when: deployedOf(deployedFlags.application),
        handlers: [deployedFlags.live('sweep-flags')],
      },
      {
        name: 'tend-secrets',
        meaning: 'Brings a re-encryption of secrets on that nobody brings on',
        when: { everyMinutes: 1 },
        handlers: [deployedConfiguration.live('tend-secrets')],
      },
      {
        name: 'rotate-secrets',
        meaning: 'Changes secrets of configuration that are due and that the platform makes itself',
        when: { everyMinutes: 60 },
        handlers: [deployedConfiguration.live('rotate-secrets')],
      },
      {
        name: 'flag-rollout-ended-badly',
        meaning:
          'A rollout of a flag failed, timed out or was aborted: another execution goes on from its record',
        when: endedBadly(stack, props.environment, flags.machines),
        handlers: [deployedFlags.live('reconcile-rollouts')],
      },
      {
        name: 'reconcile-rollouts',
        meaning:
          'Finds rollouts of flags whose workflow died or waits for what has happened, and sends events',
        when: { everyMinutes: 1 },
        handlers: [deployedFlags.live('reconcile-rollouts')],
      },
      {
        name: 'sweep-flags',
        meaning: 'Brings newest flags into force, and sends events that were stored but not sent',
        when: { everyMinutes: 1 },
        handlers: [deployedFlags.live('sweep-flags')],
      },
      {
        name: 'detect-flag-drift',
        meaning: 'Holds what AppConfig has in force of flags against what was deployed',
        when: { everyMinutes: 1 },
        handlers: [deployedFlags.live('detect-flag-drift')],
      },
      {
        name: 'sweep-flag-use',
        meaning:
          'Counts what was reported of flags and not counted yet, and looks at the splits of experiments',
        when: { everyMinutes: 1 },
        handlers: [deployedFlags.live('sweep-flag-use')],
      },
    ],
    watched: [
      ...workflowAlarms(stack, props.environment),
      ...functionAlarms('services', deployedServices),
      ...functionAlarms('gateway', deployedGateway),
      ...functionAlarms('deployments', deployedDeployments),
      ...functionAlarms('apis', deployedApis),
      ...functionAlarms('flags', deployedFlags),
      ...functionAlarms('configuration', deployedConfiguration),
    ],
  };
}

/** A workflow of these ended without a word of its own. */
const endedBadly = (stack: Stack, { prefix }: Environment, machines: readonly string[]): Trigger['when'] => ({
  pattern: {
    source: ['aws.states'],
    detailType: ['Step Functions Execution Status Change'],
    detail: {
      status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
      stateMachineArn: machines.map((machine) => stateMachineArn(stack, prefix, machine)),
    },
  },
});

/** A deployment by AppConfig ended, whichever way. */
const deployedOf = (application: DeployedCapability<string>['application']): Trigger['when'] => ({
  pattern: {
    source: ['aws.appconfig'],
    // The last one is how EventBridge's own list names what AppConfig calls rolled back.
    detailType: ['On Deployment Complete', 'On Deployment Rolled Back', 'On Deployment Rollback'],
    detail: { Application: { Id: [application?.id] } },
  },
});

/** What of deployments, releases and deprecations wakes somebody up. */
function workflowAlarms(stack: Stack, { prefix, name }: Environment): Watched[] {
  const sum = (label: string, metric: string) =>
    sumOf(
      label,
      deployments.machines.map((machine) =>
        counter('AWS/States', metric, { StateMachineArn: stateMachineArn(stack, prefix, machine) }),
      ),
    );
  const ours = (service: string) => counter('Theseus', 'NeedsAttention', { service, environment: name });
  return [
    {
      name: 'deployment-needs-attention',
      meaning:
        'Traffic could not be given back to the old version after all tries, or a release stands half-way. GET /deployments?status=needs_attention says where the traffic is.',
      metric: sumOf('Deployments that need a person', [ours('give-up'), ours('end-release')]),
      threshold: 1,
    },
    {
      name: 'deprecation-needs-attention',
      meaning:
        'A brownout hurt a consumer and was ended, or a deprecation failed ten times in a row. GET /apis/deprecations?status=paused and ?status=needs_attention say which.',
      metric: sumOf('Deprecations that need a person', [
        ours('watch-brownout'),
        ours('record-deprecation-failure'),
        ours('reconcile-deprecations'),
      ]),
      threshold: 1,
    },
    {
      name: 'configuration-update-needs-attention',
      meaning:
        'An update of configuration could not be taken back after all tries. GET /configuration/updates?status=needs_attention says which; no other update changes its keys until then.',
      metric: sumOf('Updates that need a person', [ours('reconcile-updates')]),
      threshold: 1,
    },
    {
      name: 'flag-rollout-needs-attention',
      meaning:
        'A rollout of a flag could not be ended after all tries. GET /flags/rollouts?status=needs_attention says which; no other rollout has its flag until then.',
      metric: sumOf('Rollouts that need a person', [ours('reconcile-rollouts')]),
      threshold: 1,
    },
    {
      name: 'configuration-drift',
      meaning:
        'AppConfig has another configuration in force than was published: somebody deployed by hand. GET /configuration/drift says which; publishing it again brings it back.',
      metric: sumOf('Publications that drift', [
        counter('Theseus', 'DriftFound', { service: 'detect-configuration-drift', environment: name }),
      ]),
      threshold: 1,
    },
    {
      name: 'flag-drift',
      meaning:
        'AppConfig has other flags in force than were deployed: somebody deployed by hand. GET /flags/environments/{environment}/drift says which; POST …/redeploy brings them back.',
      metric: sumOf('Documents of flags that drift', [
        counter('Theseus', 'DriftFound', { service: 'detect-flag-drift', environment: name }),
      ]),
      threshold: 1,
    },
    {
      name: 'deployment-workflow-failed',
      meaning:
        'A deployment or a release failed. GET /deployments?status=needs_attention and /releases say which and what to do.',
      metric: sum('Workflows of deployments that failed', 'ExecutionsFailed'),
      threshold: 1,
    },
    {
      name: 'deployment-workflow-timed-out',
      meaning:
        'A deployment or a release ran out of its time. The reconciler acts; GET /deployments says what is left to do.',
      metric: sum('Workflows of deployments that timed out', 'ExecutionsTimedOut'),
      threshold: 1,
    },
  ];
}

/** An alarm sums ten metrics at most. */
const mostSummed = 10;

/** What of a capability's functions wakes somebody up: their errors, and that they are throttled. */
function functionAlarms<Name extends string>(
  noun: string,
  { functions }: DeployedCapability<Name>,
): Watched[] {
  const names = [...functions.values()].map(({ handler }) => handler.functionName);
  const groups = Array.from({ length: Math.ceil(names.length / mostSummed) }, (_, at) =>
    names.slice(at * mostSummed, (at + 1) * mostSummed),
  );
  const sum = (metric: string, group: string[]) =>
    sumOf(
      `${metric} of ${noun}`,
      group.map((FunctionName) => counter('AWS/Lambda', metric, { FunctionName })),
    );
  return groups.flatMap((group, at) => {
    const part = groups.length > 1 ? `-${at + 1}` : '';
    return [
      {
        name: `${noun}-function-errors${part}`,
        meaning: `Functions of ${noun} fail. Retries absorb single ones; see their logs.`,
        metric: sum('Errors', group),
        threshold: 5,
      },
      {
        name: `${noun}-function-throttles${part}`,
        meaning: `Functions of ${noun} are throttled: the concurrency of the account is used up.`,
        metric: sum('Throttles', group),
        threshold: 5,
      },
    ];
  });
}
