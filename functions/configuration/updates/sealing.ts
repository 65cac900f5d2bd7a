import { ValueRefused } from '../errors.ts';
import { nameOf } from '../resolution/layers.ts';
import type { ConfigurationKey, Content } from '../schemas.ts';

/** What a value says that is a secret, sealed before anything stores it. Throws ValueRefused: no secrets are kept yet. */
export async function sealedContent(_plaintext: string, identity: ConfigurationKey): Promise<Content> {
  throw new ValueRefused(`${nameOf(identity)}: this platform keeps no secrets yet`, {
    action: 'Keep it in AWS Secrets Manager, and its name here.',
  });
}
