import { SESv2Client } from '@aws-sdk/client-sesv2';
import { limits, onceForTargets } from './clients.ts';

/** E-mail; apart, since only deprecations of APIs write to people. */
export const email = /* @__PURE__ */ onceForTargets('SESv2', () => new SESv2Client(limits));
