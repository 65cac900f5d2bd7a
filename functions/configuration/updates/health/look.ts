import { TheseusError } from '#platform/errors.ts';
import { exchange } from '#platform/outbound/exchange.ts';
import { readReports } from '../../drift/reports.ts';
import type { UpdateRecord } from '../records.ts';
import type { Look } from '../schemas.ts';
import { instancesOf } from './instances.ts';

/** How long a place may take to say how it is, ms, where its version does not say. */
const usualMs = 5_000;
/** Places that are asked of one service. */
const mostAsked = 20;

/** Addresses in private networks are those of services where the platform was told that they live there. */
export const reaches = () => ({ privateNetworks: process.env.THESEUS_PRIVATE_ENDPOINTS === 'allowed' });

interface Place {
  service: string | null;
  url: string;
  timeoutMs: number;
  isWell: (status: number) => boolean;
}

async function ask({ service, url, timeoutMs, isWell }: Place): Promise<Look> {
  try {
    const { status, durationMs } = await exchange({
      method: 'GET',
      url,
      headers: { 'user-agent': 'theseus' },
      timeoutMs,
      reaches: reaches(),
    });
    return { service, place: url, well: isWell(status), detail: `${status} in ${durationMs} ms` };
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    return { service, place: url, well: false, detail: error.message };
  }
}

async function placesOf(service: string): Promise<Place[]> {
  return (await instancesOf(service)).slice(0, mostAsked).map(({ url, healthCheck }) => ({
    service,
    url: url.replace(/\/$/, '') + (healthCheck?.path ?? '/'),
    timeoutMs: healthCheck?.timeoutMs ?? usualMs,
    isWell: (status) => (healthCheck === null ? status < 500 : status === healthCheck.expectedStatus),
  }));
}

/** Asks the instances of each service, and each URL of the update, whether they are well. */
export async function lookAround({ services, health }: Pick<UpdateRecord, 'services' | 'health'>): Promise<{
  seen: Look[];
  /** Services that have no instance to ask. */
  unknown: string[];
}> {
  const found = await Promise.all(
    services.map(async ({ service }) => ({ service, places: await placesOf(service) })),
  );
  const urls = health.urls.map(
    (url): Place => ({ service: null, url, timeoutMs: usualMs, isWell: (status) => status < 400 }),
  );
  const seen = await Promise.all([...found.flatMap(({ places }) => places), ...urls].map(ask));
  return { seen, unknown: found.flatMap(({ service, places }) => (places.length === 0 ? [service] : [])) };
}

/** What instances of the services say they cannot put in force of what this update wrote. */
export async function reportedFailures({
  services,
  changes,
  appliedAt,
}: Pick<UpdateRecord, 'services' | 'changes' | 'appliedAt'>): Promise<{
  failures: Look[];
  /** Instances that report at all. */
  reporting: number;
}> {
  const reports = (await Promise.all(services.map(({ service }) => readReports(service)))).flat();
  const failures = reports.flatMap(({ service, instance, namespace, environment, tenant, failed, at }) =>
    failed.flatMap((one): Look[] => {
      const change = changes.find(
        ({ key }) =>
          key.namespace === namespace &&
          key.key === one.key &&
          (key.service === undefined || key.service === service) &&
          (key.environment === undefined || key.environment === environment) &&
          (key.tenant === undefined || key.tenant === tenant),
      );
      if (change === undefined) return [];
      // Who names no version means the newest it was given.
      const meant =
        one.version === null ? appliedAt !== null && at >= appliedAt : one.version === change.after;
      if (!meant) return [];
      const said = one.message === '' ? '' : `: ${one.message}`;
      return [
        {
          service,
          place: instance,
          well: false,
          detail: `reports that it cannot put ${namespace}/${one.key} in force${said}`,
        },
      ];
    }),
  );
  return { failures, reporting: reports.length };
}
