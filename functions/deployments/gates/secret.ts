import { environmentVariable } from '#platform/environment.ts';
import { signingSecret } from '#platform/outbound/signing-secret.ts';

/** The secret by which gates know that it is this platform who asks; made when first asked for. */
export const gateSecret = (): Promise<string> =>
  signingSecret(environmentVariable('GATE_SECRET'), 'Signs what the gates of deployments are asked');
