import { GrowthBookClient } from '@growthbook/growthbook';
import { COUNTRIES, type Contender, PERCENT, PLAN, received } from './contender.ts';

export const contender: Contender = {
  load(flags, users) {
    const feature = {
      defaultValue: false,
      rules: [
        {
          condition: { country: { $in: COUNTRIES }, plan: PLAN },
          force: true,
          coverage: PERCENT / 100,
          hashAttribute: 'id',
        },
      ],
    };
    const features = received(Object.fromEntries(flags.map((key) => [key, feature])));
    const client = new GrowthBookClient().initSync({ payload: { features } });
    const contexts = users.map(({ key, country, plan }) => ({ attributes: { id: key, country, plan } }));
    return { evaluate: (flag, user) => client.isOn(flag, contexts[user] ?? {}) };
  },
};
