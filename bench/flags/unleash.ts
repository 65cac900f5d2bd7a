import { InMemStorageProvider, Unleash } from 'unleash-client';
import { Operator } from 'unleash-client/lib/strategy/strategy.js';
import { COUNTRIES, type Contender, PERCENT, PLAN, received } from './contender.ts';

const constraint = (contextName: string, values: string[]) => ({
  contextName,
  operator: Operator.IN,
  values,
  inverted: false,
});

export const contender: Contender = {
  async load(flags, users) {
    const data = flags.map((name) => ({
      name,
      type: 'release',
      enabled: true,
      project: 'bench',
      stale: false,
      impressionData: false,
      strategies: [
        {
          name: 'flexibleRollout',
          parameters: { rollout: String(PERCENT), stickiness: 'default', groupId: name },
          constraints: [constraint('country', COUNTRIES), constraint('plan', [PLAN])],
        },
      ],
      variants: [],
    }));
    const unleash = new Unleash({
      appName: 'bench',
      // Nothing answers there, and nothing has to: the flags come from the bootstrap.
      url: 'http://127.0.0.1:9/',
      refreshInterval: 0,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      bootstrap: { data: received(data) },
    });
    unleash.on('error', () => {});
    unleash.on('warn', () => {});
    await new Promise((done) => unleash.once('ready', done));
    const contexts = users.map(({ key, country, plan }) => ({ userId: key, properties: { country, plan } }));
    return { evaluate: (flag, user) => unleash.isEnabled(flag, contexts[user]) };
  },
};
