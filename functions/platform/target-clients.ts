import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { limits, onceForTargets } from './clients.ts';

// What only deployments move and measure; apart, since every process loads the clients that the platform itself needs.

export const ecs = /* @__PURE__ */ onceForTargets('ECS', () => new ECSClient(limits));
export const loadBalancing = /* @__PURE__ */ onceForTargets(
  'ElasticLoadBalancingV2',
  () => new ElasticLoadBalancingV2Client(limits),
);
/** Metrics that a user names; the platform's own are written to the log. */
export const cloudWatch = /* @__PURE__ */ onceForTargets('CloudWatch', () => new CloudWatchClient(limits));
