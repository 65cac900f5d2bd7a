import { z } from 'zod';
import { NotFound } from '#platform/errors.ts';
import type { ApiRecord } from '../records.ts';
import { deleteItem, keys, readAll, readItem, writeItem } from '../store.ts';
import { builtInPolicies, Policy, policyOfStability } from './policies.ts';
import type { NewDeprecation } from './schemas.ts';

const PolicyRecord = z.object({ name: z.string(), policy: Policy });

export interface NamedPolicy {
  name: string;
  policy: Policy;
  builtIn: boolean;
}

/** The policies that an API may name: its own, and the built-in ones that it has not replaced; by name. */
export async function listPolicies(api: string): Promise<NamedPolicy[]> {
  const { pk, sk } = keys.policy(api, '');
  const own = await readAll(PolicyRecord, pk, sk);
  const all = new Map<string, NamedPolicy>();
  for (const [name, policy] of builtInPolicies) all.set(name, { name, policy, builtIn: true });
  for (const { name, policy } of own) all.set(name, { name, policy, builtIn: false });
  return [...all.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Sets a policy of an API; what runs keeps the one it began with. */
export const setPolicy = (api: string, name: string, policy: Policy): Promise<boolean> =>
  writeItem(keys.policy(api, name), { name, policy });

export const forgetPolicy = (api: string, name: string): Promise<boolean> =>
  deleteItem(keys.policy(api, name));

/** Throws NotFound. */
export async function readPolicy(api: string, name: string): Promise<Policy> {
  const own = await readItem(PolicyRecord, keys.policy(api, name));
  const policy = own?.policy ?? builtInPolicies.get(name);
  if (policy !== undefined) return policy;
  throw new NotFound(`${api} has no policy ${name}`, {
    evidence: { api, policy: name },
    action: `List them with: theseus api policy list ${api}`,
  });
}

/** The policy of a new deprecation: its own, the one it names, the API's, or the one of the version's stability. */
export async function policyFor(api: ApiRecord, { policy, version }: NewDeprecation): Promise<Policy> {
  if (policy !== null && typeof policy !== 'string') return policy;
  const stability = api.versions.find((one) => one.version === version)?.stability ?? api.settings.stability;
  return readPolicy(api.id, policy ?? api.settings.policy ?? policyOfStability[stability]);
}
