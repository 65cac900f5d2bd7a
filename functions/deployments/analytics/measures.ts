import type { DeploymentStatus } from '../schemas.ts';

// The four measures of DORA, from what deployments recorded. Pure.

/** What is read of a deployment. Times are ISO. */
export interface Deployed {
  service: string;
  status: DeploymentStatus;
  /** When its change was committed, or its version registered. */
  leadFrom: string | null;
  firstTrafficAt: string | null;
  fullAt: string | null;
  /** When the last step began: the one that hurt, where any did. */
  stepStartedAt: string | null;
  failedAt: string | null;
  backAt: string | null;
}

export interface Spread {
  count: number;
  /** s; null without any. */
  median: number | null;
  p90: number | null;
}

export interface Measures {
  /** That were begun. */
  deployments: number;
  /** Whose version got all traffic and kept it. */
  succeeded: number;
  perDay: number;
  leadTime: Spread;
  /** 0 to 1: of those that got traffic and are decided, how many lost it; null without any. */
  changeFailureRate: number | null;
  timeToRestore: Spread;
  rollbacks: number;
}

const seconds = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1_000;

/** By the nearest rank: a value that was measured. */
function spreadOf(values: number[]): Spread {
  const sorted = values.filter((value) => value >= 0).sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { count: sorted.length, median: at(0.5), p90: at(0.9) };
}

const lost = ({ firstTrafficAt, status }: Deployed): boolean =>
  firstTrafficAt !== null && ['rolled_back', 'failed', 'rolling_back', 'needs_attention'].includes(status);
const stayed = ({ fullAt, status }: Deployed): boolean =>
  fullAt !== null && ['completed', 'keeping_blue'].includes(status);

/** The measures of these deployments over `days` (more than 0). */
export function measuresOf(deployments: readonly Deployed[], days: number): Measures {
  const good = deployments.filter(stayed);
  const bad = deployments.filter(lost);
  return {
    deployments: deployments.length,
    succeeded: good.length,
    perDay: good.length / days,
    leadTime: spreadOf(
      good.flatMap(({ leadFrom, fullAt }) =>
        leadFrom === null || fullAt === null ? [] : [seconds(leadFrom, fullAt)],
      ),
    ),
    changeFailureRate: good.length + bad.length === 0 ? null : bad.length / (good.length + bad.length),
    timeToRestore: spreadOf(
      bad.flatMap(({ stepStartedAt, failedAt, backAt }) => {
        const from = stepStartedAt ?? failedAt;
        return from === null || backAt === null ? [] : [seconds(from, backAt)];
      }),
    ),
    rollbacks: bad.filter(({ backAt }) => backAt !== null).length,
  };
}

/** The same for each service, by name. */
export function measuresByService(
  deployments: readonly Deployed[],
  days: number,
): (Measures & { service: string })[] {
  const services = [...new Set(deployments.map(({ service }) => service))].sort();
  return services.map((service) => ({
    service,
    ...measuresOf(
      deployments.filter((one) => one.service === service),
      days,
    ),
  }));
}
