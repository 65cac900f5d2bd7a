import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { currentEnvironment } from '../environment.ts';
import { type ErrorDetails, TheseusError } from '../errors.ts';
import { isPrivate, reachOf } from './addresses.ts';

/** 400: the platform does not send to this place. */
export class DestinationRefused extends TheseusError {
  override readonly name: string = 'DestinationRefused';
  override readonly status: number = 400;
}

/** The place did not answer: its name has no address, nobody listens, or the answer took too long. */
export class DestinationUnreachable extends TheseusError {
  override readonly name: string = 'DestinationUnreachable';
  override readonly status: number = 502;
  override readonly retryable: boolean = true;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { action: 'Check that it is up and can be reached from the platform.', ...details });
  }
}

interface Address {
  address: string;
  family: number;
}

/** A URL and the one address it was checked with, to which the connection is made. */
export interface Destination {
  url: URL;
  address: Address;
}

const systemResolver = (host: string): Promise<Address[]> => lookup(host, { all: true });
let resolveName = systemResolver;

/** Tests control names through this; the product never calls it. Returns a function that restores the former one. */
export function setResolver(resolver: (host: string) => Promise<Address[]>): () => void {
  const former = resolveName;
  resolveName = resolver;
  return () => {
    resolveName = former;
  };
}

function refuse(url: URL, why: string, action: string): never {
  throw new DestinationRefused(`${url.origin} is refused: ${why}`, {
    evidence: { origin: url.origin },
    action,
  });
}

async function addressesOf(host: string, signal: AbortSignal): Promise<Address[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  signal.throwIfAborted();
  let cancel = () => {};
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => reject(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
  });
  try {
    return await Promise.race([resolveName(host), aborted]);
  } catch (cause) {
    throw new DestinationUnreachable(`The name ${host} was not resolved`, {
      evidence: { host },
      action: 'Check the name, and that the DNS of the platform knows it.',
      cause,
    });
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Where else than to the internet something may be sent. */
export interface Reaches {
  /** Private networks, over http too. Never metadata services, link-local addresses or the platform itself. */
  privateNetworks: boolean;
}
const internetOnly: Reaches = { privateNetworks: false };

/**
 * Where a URL leads, looked up now. Deployed environments send over https to addresses of the internet only, unless
 * `reaches` allows more; a laptop also to itself, over http too. One address that is not allowed refuses the name.
 * Throws DestinationRefused or DestinationUnreachable.
 */
export async function resolveDestination(
  text: string,
  signal: AbortSignal,
  { privateNetworks }: Reaches = internetOnly,
): Promise<Destination> {
  if (!URL.canParse(text)) {
    throw new DestinationRefused('Expected a URL such as https://example.com/hooks', {
      action: 'Give the whole address.',
    });
  }
  const url = new URL(text);
  const local = currentEnvironment() === 'local';
  if (url.protocol !== 'https:' && !((local || privateNetworks) && url.protocol === 'http:'))
    refuse(url, `it is ${url.protocol.slice(0, -1)}`, 'Use an https URL.');
  if (url.username !== '' || url.password !== '')
    refuse(url, 'it holds a user name or a password', 'Leave them out: requests are signed.');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = await addressesOf(host, signal);
  const [first] = addresses;
  if (first === undefined) {
    throw new DestinationUnreachable(`The name ${host} has no address`, { evidence: { host } });
  }
  for (const { address } of addresses) {
    const reach = reachOf(address);
    const allowed =
      (reach === 'public' && url.protocol === 'https:') ||
      (reach === 'loopback' && local) ||
      (privateNetworks && isPrivate(address));
    if (allowed) continue;
    if (reach === 'public') refuse(url, 'it is http', 'Use an https URL.');
    refuse(
      url,
      reach === 'loopback'
        ? 'it leads to the platform itself'
        : isPrivate(address)
          ? 'it leads into a private network'
          : 'it leads into a private network or to what clouds tell their own machines',
      'Use an address that can be reached from the internet.',
    );
  }
  return { url, address: first };
}
