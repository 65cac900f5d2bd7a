import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenFeature } from '@openfeature/server-sdk';
import { z } from 'zod';
import { createConfigurationClient } from '#configuration/reading/client.ts';
import { TheseusProvider } from '#flags/openfeature/provider.ts';
import { headers, InstanceSettings } from './messages.ts';
import { environment, flag, limit, service } from './shop.ts';

// An instance of a shop as a process of its own. A flag says who gets the new checkout, and how long a payment may take is
// configuration: both are asked for in every request, from memory. Started by fork() with its settings as the first
// argument; says its port; ends in order by SIGTERM.

const { url, token, name } = InstanceSettings.parse(JSON.parse(process.argv[2] ?? '{}'));

const provider = new TheseusProvider({
  platform: { url, environment, token: () => token },
  onProblem: () => {},
});
await OpenFeature.setProviderAndWait(provider);
const flags = OpenFeature.getClient();
const configuration = await createConfigurationClient({
  url,
  token,
  namespace: limit.namespace,
  environment,
  service,
  instance: name,
});
const settings = configuration.typed({ [limit.key]: z.int().positive() });

/** What the payment of an order takes: log-normal, as latencies are, with a median of 20 ms. */
const paymentMs = (): number =>
  20 * Math.exp(0.4 * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));

/** Orders of the last second: an instance that cannot take every second one is not well. */
const rememberedMs = 1_000;
let orders: { at: number; failed: boolean }[] = [];

function isWell(): boolean {
  orders = orders.filter(({ at }) => at > performance.now() - rememberedMs);
  return orders.filter(({ failed }) => failed).length * 2 <= orders.length;
}

const server = createServer(async (request, response) => {
  request.resume();
  if (request.url === '/health') {
    response.writeHead(isWell() ? 200 : 503).end();
    return;
  }
  const isNew = await flags.getBooleanValue(flag, false, {
    targetingKey: String(request.headers[headers.user]),
  });
  const limitMs = settings.get(limit.key);
  const needed = paymentMs();
  await sleep(Math.min(needed, limitMs));
  const failed = needed > limitMs;
  orders.push({ at: performance.now(), failed });
  response.writeHead(failed ? 503 : 200, {
    [headers.checkout]: isNew ? 'new' : 'classic',
    [headers.limit]: String(limitMs),
  });
  response.end(
    failed ? `The payment took longer than ${limitMs} ms.\n` : `${isNew ? 'New' : 'Classic'} checkout.\n`,
  );
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port });
});

async function end(): Promise<void> {
  configuration.close();
  await OpenFeature.close();
  server.close(() => process.exit(0));
}
process.once('SIGTERM', () => void end());
// Whoever started it is gone.
process.once('disconnect', () => process.exit(0));
