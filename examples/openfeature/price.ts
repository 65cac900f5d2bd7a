import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenFeature } from '@openfeature/server-sdk';
import { TheseusProvider } from 'theseus/openfeature';

const provider = new TheseusProvider({
  appConfig: {
    application: process.env.FLAGS_APPLICATION ?? '',
    environment: 'production',
    by: process.env.AWS_APPCONFIG_EXTENSION_PREFETCH_LIST === undefined ? 'session' : 'extension',
  },
  file: join(tmpdir(), 'flags.json'),
  background: false,
});
// Begun while Lambda starts the function; the first invocation waits for what is left of its 250 ms.
const ready = OpenFeature.setProviderAndWait('price', provider).catch((error: Error) =>
  console.warn(error.message),
);
const flags = OpenFeature.getClient('price');

/** A Lambda function with a flag: it asks for newer flags within its invocations, and never waits for them twice. */
export async function handler({ user, price }: { user: string; price: number }) {
  await ready;
  const discount = await flags.getNumberValue('discount-percent', 0, { targetingKey: user });
  return { user, price: (price * (100 - discount)) / 100 };
}
