import { createServer, type Server } from 'node:http';
import { OpenFeature } from '@openfeature/server-sdk';
import { TheseusProvider } from 'theseus/openfeature';

/** A shop whose checkout is behind a flag. It starts, with the defaults of its code, when the platform is away, too. */
export async function startShop(
  platform: { url: string; environment: string; token: () => string },
  port: number,
): Promise<Server> {
  const provider = new TheseusProvider({ platform, file: process.env.SHOP_FLAGS_FILE ?? '.shop/flags.json' });
  await OpenFeature.setProviderAndWait('shop', provider).catch((error: Error) => console.warn(error.message));
  const flags = OpenFeature.getClient('shop');
  const server = createServer(async ({ headers }, response) => {
    const context = {
      targetingKey: String(headers['x-user'] ?? 'nobody'),
      plan: String(headers['x-plan'] ?? 'free'),
    };
    const checkout = await flags.getStringDetails('checkout', 'classic', context);
    response.end(`${checkout.value} checkout (${checkout.reason})\n`);
    if (checkout.value === 'express') flags.track('express_checkout_seen', context);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

if (import.meta.main) {
  const { THESEUS_URL: url = 'http://127.0.0.1:4280', THESEUS_TOKEN: token = '' } = process.env;
  await startShop({ url, environment: 'production', token: () => token }, Number(process.env.PORT ?? 3_000));
}
