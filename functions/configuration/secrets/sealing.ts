import type { ConfigurationKey, Content } from '../schemas.ts';
import { enterSecret } from './registry.ts';
import { seal } from './sealed.ts';

/** What a value says that is a secret, sealed before anything stores it. Throws as `seal` does. */
export async function sealedContent(plaintext: string, identity: ConfigurationKey): Promise<Content> {
  const sealed = await seal(plaintext, identity);
  await enterSecret(identity);
  return { kind: 'secret', sealed };
}
