import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { currentEnvironment } from '#platform/environment.ts';
import { isPrivate, reachOf } from '#platform/outbound/addresses.ts';
import { UpstreamRefused } from '../errors.ts';

/** Services may live in private networks where whoever deploys the platform says so; metadata services never. */
export const privateNetworks = (): boolean => process.env.THESEUS_PRIVATE_ENDPOINTS === 'allowed';

const mayConnect = (address: string): boolean => {
  const reach = reachOf(address);
  return (
    reach === 'public' ||
    (reach === 'loopback' && currentEnvironment() === 'local') ||
    (privateNetworks() && isPrivate(address))
  );
};

const refusal = (host: string): UpstreamRefused =>
  new UpstreamRefused(`${host} leads into a private network`, {
    evidence: { host },
    action: 'Use an address that can be reached from the internet.',
  });

/** Why an address instead of a name, which is connected to without a lookup, is refused. */
export const refusalOf = (host: string): UpstreamRefused | undefined =>
  isIP(host) !== 0 && !mayConnect(host) ? refusal(host) : undefined;

/** Names are looked at when the connection is made: what was checked when the route was written may lead elsewhere now. */
export const checkedLookup: LookupFunction = (host, options, done) => {
  resolve(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, []);
    const [first] = addresses;
    if (first === undefined || !addresses.every(({ address }) => mayConnect(address)))
      return done(refusal(host), []);
    if (options.all) return done(null, addresses);
    done(null, first.address, first.family);
  });
};
