import { announcedElements } from '#compatibility/graphql/announced.ts';
import type { Usage } from '#compatibility/usage.ts';
import { clock } from '#platform/clock.ts';
import type { ApiRecord } from '../records.ts';
import { readUsage } from '../usage/read-usage.ts';
import { latestSchema } from './operation-store.ts';
import type { UnusedElement } from './schemas.ts';

const mostNamed = 10;

/**
 * What is deprecated in the newest version of a GraphQL API, who asks for it, and whether it may go: its day has come and
 * no known operation asks for it. Where no operations are known nothing may go by itself.
 */
export async function deprecatedElements(api: ApiRecord): Promise<UnusedElement[]> {
  const latest = await latestSchema(api);
  if (latest === undefined) return [];
  const usage = await readUsage(api);
  const today = clock.iso().slice(0, 10);
  return announcedElements(latest.description.schema).map(
    ({ type, field = '', argument, reason, removal }) => {
      const usedBy = clientsOf(usage, type, field);
      return {
        element: `${type}.${field}${argument === undefined ? '' : `(${argument}:)`}`,
        type,
        field,
        argument: argument ?? null,
        reason,
        removal: removal ?? null,
        usedBy: usedBy.slice(0, mostNamed),
        removable: usage !== null && removal !== undefined && removal <= today && usedBy.length === 0,
      };
    },
  );
}

/** Which clients asked for a field; of an argument those of its field count. */
const clientsOf = (usage: Usage | null, type: string, field: string): string[] =>
  (usage?.consumers ?? [])
    .filter(({ types }) => types?.some((one) => one.type === type && one.field === field))
    .map(({ consumer }) => consumer);
