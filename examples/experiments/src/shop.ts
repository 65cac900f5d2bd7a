import { OpenFeature } from '@openfeature/server-sdk';
import { TheseusProvider } from 'theseus/openfeature';
import { platformAssignments } from 'theseus/openfeature/assignments';
import { exposureHook } from 'theseus/openfeature/exposures';

const { THESEUS_URL: url = 'http://127.0.0.1:4280', THESEUS_TOKEN: token = '' } = process.env;
const endpoint = { url, environment: 'production', token: () => token };

// Who saw what is reported; who saw a variant keeps it.
const exposures = exposureHook(endpoint);
const provider = new TheseusProvider({
  platform: endpoint,
  // A service goes on without flags that do not come; this example waits.
  budgetMs: 30_000,
  assignments: platformAssignments(endpoint),
  beforeTracks: () => exposures.flush(),
});
await OpenFeature.setProviderAndWait(provider);
const flags = OpenFeature.getClient();
flags.addHooks(exposures);

// A thousand people come; of those with the green button every third pays, else every fifth.
async function visit(n: number): Promise<void> {
  const context = { targetingKey: `customer-${n}` };
  const { variant } = await flags.getStringDetails('checkout-button', '#0072b2', context);
  if (n % (variant === 'green' ? 3 : 5) === 0) flags.track('paid', context, { value: 20 + (n % 10) });
}
await Promise.all(Array.from({ length: 1_000 }, (_, n) => visit(n)));

await exposures.close();
await OpenFeature.close();
console.log('1000 people came.');
