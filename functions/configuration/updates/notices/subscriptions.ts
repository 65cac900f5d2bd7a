import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { resolveDestination } from '#platform/outbound/destination.ts';
import { TooManyKeys } from '../../errors.ts';
import { deleteItem, keys, readAll, readItem, writeItem } from '../../store.ts';
import { reaches } from '../health/look.ts';
import { Subscription } from '../schemas.ts';

const mostSubscriptions = 500;
/** How long its address may take to be looked up, ms. */
const lookUpMs = 5_000;

/** All subscriptions, by service; at most 500. */
export const readSubscriptions = (): Promise<Subscription[]> =>
  readAll(Subscription, keys.subscription('').pk, '');

export const findSubscription = (service: string): Promise<Subscription | undefined> =>
  readItem(Subscription, keys.subscription(service));

/** Throws NotFound. */
export async function readSubscription(service: string): Promise<Subscription> {
  const found = await findSubscription(service);
  if (found !== undefined) return found;
  throw new NotFound(`${service} is subscribed to nothing`, {
    evidence: { service },
    action: `Subscribe it with: theseus config subscribe ${service} <url>`,
  });
}

/** Throws DestinationRefused for an address that nothing is sent to, TooManyKeys. */
export async function putSubscription(service: string, url: string, by: string): Promise<Subscription> {
  await resolveDestination(url, AbortSignal.timeout(lookUpMs), reaches());
  const all = await readSubscriptions();
  if (all.length >= mostSubscriptions && !all.some((one) => one.service === service)) {
    throw new TooManyKeys(
      `There are ${all.length} subscriptions, at most ${mostSubscriptions} are possible`,
      {
        evidence: { found: all.length, limit: mostSubscriptions },
        action: 'Remove those that nobody needs.',
      },
    );
  }
  const next: Subscription = { service, url, updatedAt: clock.iso(), updatedBy: by };
  await writeItem(keys.subscription(service), next);
  return next;
}

/** Throws NotFound. */
export async function removeSubscription(service: string): Promise<void> {
  await readSubscription(service);
  await deleteItem(keys.subscription(service));
}
