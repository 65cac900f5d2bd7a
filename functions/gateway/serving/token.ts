import { createHash, timingSafeEqual } from 'node:crypto';
import { Unauthenticated } from '#platform/errors.ts';
import type { Access } from '../schemas.ts';
import { type HeaderFields, headerText, tokenHeader } from './headers.ts';

/** Lets in whoever has a token of the route. Authorization is not looked at: it is the service's. Throws Unauthenticated. */
export function checkToken(access: Access, headers: HeaderFields): void {
  if (access.kind === 'open') return;
  const sent = createHash('sha256')
    .update(headerText(headers, tokenHeader) ?? '')
    .digest();
  // All are compared, whichever fits: the time taken tells nothing.
  const fitting = access.sha256.filter((hash) => timingSafeEqual(sent, Buffer.from(hash, 'hex')));
  if (fitting.length > 0) return;
  throw new Unauthenticated('The gateway asks for a token of this service', {
    action: `Send it in the header ${tokenHeader}.`,
  });
}
