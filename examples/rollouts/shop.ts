import { setTimeout } from 'node:timers/promises';
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

// Three hundred people buy something in an hour; the new checkout fails for every third of them, the old one for every
// fiftieth. Hours are short here, and the shop closes when somebody had the new one.
let withIt = 0;
for (let hour = 0; withIt === 0; hour += 1) {
  if (hour > 0) await setTimeout(500);
  for (let n = 0; n < 300; n += 1) {
    const context = { targetingKey: `customer-${hour}-${n}` };
    const isNew = await flags.getBooleanValue('express-checkout', false, context);
    if (isNew) withIt += 1;
    if (n % (isNew ? 3 : 50) === 0) flags.track('checkout-failed', context);
  }
}

await exposures.close();
await OpenFeature.close();
console.log(`${withIt} people had the new checkout.`);
