import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import type { RecordedUsage } from './read-usage.ts';

const Count = z.number().min(0);

export const Adoption = z
  .strictObject({
    api: z.string(),
    from: z.string().describe('First day'),
    to: z.string().describe('Last day'),
    versions: z
      .array(
        z.strictObject({
          version: ApiVersion,
          requests: Count,
          share: z.number().min(0).max(1).describe('Of all requests of the window'),
          consumers: z
            .array(z.strictObject({ consumer: z.string(), lastSeen: z.string() }))
            .describe('At most 100, the one seen last first'),
          moreConsumers: z.int(),
        }),
      )
      .describe('Oldest first; those that nobody asked for, too'),
    days: z
      .array(
        z.strictObject({
          day: z.iso.date(),
          versions: z.array(z.strictObject({ version: ApiVersion, requests: Count, consumers: Count })),
        }),
      )
      .describe('Oldest first; days without requests are there'),
  })
  .meta({ id: 'ApiAdoption' });
export type Adoption = z.infer<typeof Adoption>;

const mostConsumers = 100;
const dayMs = 86_400_000;

/** The days from the first to the last, both included. */
function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += dayMs)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** Who uses which version, and how that changed from day to day. `versions` are those registered, oldest first. */
export function adoptionOf(
  api: string,
  versions: readonly string[],
  { days, usage }: RecordedUsage,
): Adoption {
  const [from, to] = [usage.from.slice(0, 10), usage.to.slice(0, 10)];
  const total = days.reduce((sum, { requests }) => sum + requests, 0);
  // Requests for a version that is gone by now are told, too.
  const gone = [...new Set(days.map(({ version }) => version))]
    .filter((one) => !versions.includes(one))
    .toSorted();
  const all = [...gone, ...versions];
  return {
    api,
    from,
    to,
    versions: all.map((version) => {
      const requests = days.reduce((sum, one) => sum + (one.version === version ? one.requests : 0), 0);
      const consumers = usage.consumers
        .filter((one) => one.version === version)
        .map(({ consumer, lastSeen }) => ({ consumer, lastSeen }))
        .toSorted((one, other) => (one.lastSeen < other.lastSeen ? 1 : -1));
      return {
        version,
        requests,
        share: total === 0 ? 0 : requests / total,
        consumers: consumers.slice(0, mostConsumers),
        moreConsumers: Math.max(0, consumers.length - mostConsumers),
      };
    }),
    days: daysBetween(from, to).map((day) => ({
      day,
      versions: days
        .filter((one) => one.day === day)
        .map(({ version, requests, consumers }) => ({ version, requests, consumers }))
        .toSorted((one, other) => all.indexOf(one.version) - all.indexOf(other.version)),
    })),
  };
}
