import { OpenFeature } from '@openfeature/server-sdk';
import { TheseusProvider } from 'theseus/openfeature';
import { exposureHook } from 'theseus/openfeature/exposures';

const { THESEUS_URL: url = 'http://127.0.0.1:4280', THESEUS_TOKEN: token = '' } = process.env;
const endpoint = { url, environment: 'production', token: () => token };

// Who saw what is reported, and before it what happened to them.
const exposures = exposureHook(endpoint);
const provider = new TheseusProvider({
  platform: endpoint,
  // A service goes on without flags that do not come; this example waits.
  budgetMs: 30_000,
  beforeTracks: () => exposures.flush(),
});
await OpenFeature.setProviderAndWait(provider);
const flags = OpenFeature.getClient();
flags.addHooks(exposures);

// Three hundred people buy something; the new checkout fails for every third of them, the old one for every fiftieth.
for (let n = 0; n < 300; n += 1) {
  const context = { targetingKey: `customer-${n}` };
  const isNew = await flags.getBooleanValue('express-checkout', false, context);
  if (n % (isNew ? 3 : 50) === 0) flags.track('checkout-failed', context);
}

await exposures.close();
await OpenFeature.close();
console.log('300 people came.');
