import { openRollouts } from '../rollouts/slots.ts';
import type { FlagFacts } from './flag-facts.ts';
import { registeredFlags } from './registered-flags.ts';

/**
 * What the use of flags is counted by: of experiments each user, and of flags that a judged rollout has, too. In a rollout
 * the split changes while users come, so that theirs is not held against one. Throws NotFound.
 */
export async function countedFlags(environment: string): Promise<ReadonlyMap<string, FlagFacts>> {
  const [{ facts }, open] = await Promise.all([registeredFlags(environment), openRollouts(environment)]);
  const watched = open.flatMap(({ flag, counts }) => {
    const known = counts ? facts.get(flag) : undefined;
    return known === undefined ? [] : [{ ...known, experiment: true, split: null }];
  });
  if (watched.length === 0) return facts;
  return new Map([...facts, ...watched.map((one): [string, FlagFacts] => [one.key, one])]);
}
