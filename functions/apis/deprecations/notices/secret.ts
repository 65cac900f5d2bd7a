import { environmentVariable } from '#platform/environment.ts';
import { signingSecret } from '#platform/outbound/signing-secret.ts';

/** The secret that webhooks of a consumer are signed with; made when first asked for. */
export const consumerSecret = (consumer: string): Promise<string> =>
  signingSecret(
    // Names of secrets take no colon, ids of consumers do, and no slash.
    `${environmentVariable('WEBHOOK_SECRETS')}consumer/${consumer.replaceAll(':', '/')}`,
    'Signs what a consumer of APIs is told',
  );
