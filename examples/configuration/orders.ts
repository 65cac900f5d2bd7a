import { createConfigurationClient } from 'theseus/configuration';
import { z } from 'zod';

// A service that takes orders up to a limit, which changes while it runs.

const { THESEUS_URL: url = 'http://127.0.0.1:4280', THESEUS_TOKEN: token = '' } = process.env;

const configuration = await createConfigurationClient({
  url,
  token,
  namespace: 'shop',
  environment: 'production',
  service: 'orders',
  file: '.orders/configuration.json',
  instance: `orders-${process.pid}`,
  onEvent(event) {
    if (event.type === 'misfit') console.log(`kept the former value: ${event.problem}`);
    if (event.type === 'state') console.log(`the configuration is ${event.state}`);
  },
});

const settings = configuration.typed({ 'limits.orders': z.int().positive(), closed: z.boolean() });
console.log(`takes ${settings.get('limits.orders')} orders an hour`);
settings.watch('limits.orders', (limit, before) =>
  console.log(`takes ${limit} orders an hour, not ${before}`),
);
settings.watch('closed', (closed) => {
  if (closed) configuration.close();
});
