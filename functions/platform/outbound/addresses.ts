import { BlockList, isIP } from 'node:net';

/** Where an address leads: to the internet, to this very machine, or to what nobody outside a network may reach. */
export type Reach = 'public' | 'loopback' | 'inside';

/**
 * IPv4 blocks that are not globally reachable: IANA's special-purpose registry (RFC 6890), and all that is no unicast.
 * Metadata services answer in 169.254.0.0/16.
 */
const insideIpv4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/**
 * Of IPv6 only 2000::/3 is given out for the internet: private, link-local, multicast, mapped and translated (64:ff9b::)
 * addresses lie outside. Inside it these hide an IPv4 address or belong to nobody: Teredo and its neighbours, 6to4, and
 * what is for documentation.
 */
const insideGlobalIpv6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const ipv4 = new BlockList();
for (const [network, prefix] of insideIpv4) ipv4.addSubnet(network, prefix, 'ipv4');
const globalIpv6 = new BlockList();
globalIpv6.addSubnet('2000::', 3, 'ipv6');
const ipv6 = new BlockList();
for (const [network, prefix] of insideGlobalIpv6) ipv6.addSubnet(network, prefix, 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');

/** The reach of an address as text; what is no address, or has a zone, counts as inside. */
export function reachOf(address: string): Reach {
  const family = isIP(address);
  if (family === 4) {
    if (loopback.check(address, 'ipv4')) return 'loopback';
    return ipv4.check(address, 'ipv4') ? 'inside' : 'public';
  }
  if (family !== 6 || address.includes('%')) return 'inside';
  if (address === '::1') return 'loopback';
  return globalIpv6.check(address, 'ipv6') && !ipv6.check(address, 'ipv6') ? 'public' : 'inside';
}

const privateBlocks = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  privateBlocks.addSubnet(network, prefix, 'ipv4');
privateBlocks.addSubnet('fc00::', 7, 'ipv6');

/** Where clouds answer who asks with what a machine may do, inside private blocks: AWS over IPv6, others in 100.64.0.0/10. */
const metadata = new BlockList();
metadata.addSubnet('fd00:ec2::', 32, 'ipv6');
metadata.addAddress('100.100.100.200', 'ipv4');

/** Whether an address belongs to a private network such as a VPC's. Metadata services and link-local addresses do not. */
export function isPrivate(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  return privateBlocks.check(address, kind) && !metadata.check(address, kind);
}
