import { ApiVersionRemoved, BrownedOut, DeprecatedForNewConsumers, EndpointRemoved } from '../errors.ts';
import type { Brownout, DeprecatedElement, ServedVersion } from './schemas.ts';

type Version = Omit<ServedVersion, 'changes'>;

/** Who asks which version of which API. */
export interface Asking {
  api: string;
  version: Version;
  consumer: string;
}

/** Where to go instead, as far as it is known. */
function wayOut({ deprecation }: Version) {
  const { guide, link, successor, sunset } = deprecation ?? {};
  const read = guide ?? link;
  const where = read === undefined ? '' : ` See ${read}.`;
  return {
    evidence: {
      ...(successor === undefined ? {} : { successor }),
      ...(sunset === undefined ? {} : { sunset }),
      ...(read === undefined ? {} : { guide: read }),
    },
    action: `${successor === undefined ? 'Use a newer version.' : `Use version ${successor}.`}${where}`,
  };
}

/** Throws ApiVersionRemoved. */
export function refuseRemoved({ api, version }: Asking): void {
  if (version.status !== 'removed') return;
  const { evidence, action } = wayOut(version);
  throw new ApiVersionRemoved(`Version ${version.version} of ${api} was removed`, {
    evidence: { api, version: version.version, ...evidence },
    action,
  });
}

/** The brownout that refuses this consumer now. */
export const brownoutNow = ({ version, consumer }: Asking, now: number): Brownout | undefined =>
  version.brownouts.find(
    ({ from, to, exempt }) => Date.parse(from) <= now && now < Date.parse(to) && !exempt.includes(consumer),
  );

/** The error with which a brownout answers: with 503 it says when it ends, with 410 it is as the removal will be. */
export function brownedOut({ api, version }: Asking, brownout: Brownout, now: number): BrownedOut {
  const { evidence, action } = wayOut(version);
  return new BrownedOut(
    `Version ${version.version} of ${api} goes away and is not served until ${brownout.to}, as a warning`,
    {
      evidence: {
        ...{ api, version: version.version, brownout: brownout.id, until: brownout.to },
        ...(brownout.status === 503 ? { retryAfterMs: Math.max(1_000, Date.parse(brownout.to) - now) } : {}),
        ...evidence,
      },
      action,
    },
    brownout.status,
  );
}

/** Throws EndpointRemoved. */
export function refuseRemovedEndpoint(
  { api, version }: Asking,
  elements: readonly DeprecatedElement[],
): void {
  const gone = elements.find(({ removed, field }) => removed && field === undefined);
  if (gone === undefined) return;
  const { endpoint, link } = gone;
  throw new EndpointRemoved(`${endpoint} was removed from version ${version.version} of ${api}`, {
    evidence: { api, version: version.version, endpoint, ...(link === undefined ? {} : { guide: link }) },
    action: link === undefined ? 'Do without it.' : `Do without it: see ${link}.`,
  });
}

/** Throws DeprecatedForNewConsumers. */
export function refuseNew(asking: Asking, elements: readonly DeprecatedElement[]): void {
  const { api, version, consumer } = asking;
  if (version.refuseNewConsumers && !version.knownConsumers.includes(consumer)) {
    const { evidence, action } = wayOut(version);
    throw new DeprecatedForNewConsumers(
      `Version ${version.version} of ${api} is deprecated and takes no new consumers`,
      { evidence: { api, version: version.version, consumer, ...evidence }, action },
    );
  }
  for (const { endpoint, field, link, refuseNewConsumers, knownConsumers } of elements) {
    if (!refuseNewConsumers || knownConsumers.includes(consumer)) continue;
    const what = field === undefined ? endpoint : `${field} of ${endpoint}`;
    throw new DeprecatedForNewConsumers(`${what} is deprecated and takes no new consumers`, {
      evidence: {
        api,
        version: version.version,
        consumer,
        endpoint,
        ...(field === undefined ? {} : { field }),
      },
      action: link === undefined ? 'Do without it.' : `Do without it: see ${link}.`,
    });
  }
}
