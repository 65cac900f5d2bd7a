import { environmentVariable } from '#platform/environment.ts';
import { signingSecret } from '#platform/outbound/signing-secret.ts';

/** The secret that a service's webhooks are signed with; made when first asked for. */
export const subscriberSecret = (service: string): Promise<string> =>
  signingSecret(
    `${environmentVariable('WEBHOOK_SECRETS')}subscriber/${service}`,
    'Signs what a service is told of its configuration',
  );
