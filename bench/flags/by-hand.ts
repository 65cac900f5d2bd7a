import { murmur3 } from '#flags/evaluation/murmur3.ts';
import { type Contender, PERCENT } from './contender.ts';

/** What a person would write for this one rule: the bound, and no product. */
export const contender: Contender = {
  load(_, users) {
    const end = (PERCENT * 2 ** 32) / 100;
    const contexts = users.map(({ key, country, plan }) => ({ key, country, plan }));
    const isOn = (flag: string, { key, country, plan }: { key: string; country: string; plan: string }) =>
      (country === 'US' || country === 'CA') && plan === 'pro' && murmur3(flag + key) >>> 0 < end;
    const nobody = { key: '', country: '', plan: '' };
    return { evaluate: (flag, user) => isOn(flag, contexts[user] ?? nobody) };
  },
};
