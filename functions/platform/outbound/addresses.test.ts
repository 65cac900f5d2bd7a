import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPrivate, reachOf } from './addresses.ts';

describe('the reach of an address', () => {
  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '2a00:1450::1',
  ])('of %s is public', (address) => expect(reachOf(address)).toBe('public'));

  it.each(['127.0.0.1', '127.255.255.254', '::1'])('of %s is this machine', (address) =>
    expect(reachOf(address)).toBe('loopback'),
  );

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '192.0.0.8',
    '198.19.0.1',
    '203.0.113.9',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:169.254.169.254',
    '::127.0.0.1',
    '64:ff9b::a00:1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'localhost',
    '',
  ])('of %s is inside', (address) => expect(reachOf(address)).toBe('inside'));

  it('of no mapped address is more than inside', () => {
    fc.assert(fc.property(fc.ipV4(), (address) => reachOf(`::ffff:${address}`) === 'inside'));
  });
});

describe('a private network', () => {
  it.each(['10.1.2.3', '100.64.0.1', '172.31.255.255', '192.168.1.1', 'fd12:3456::1'])('has %s', (address) =>
    expect(isPrivate(address)).toBe(true),
  );
  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fe80::1',
    '::ffff:169.254.169.254',
    '127.0.0.1',
    '::1',
    '0.0.0.0',
    '1.1.1.1',
    '224.0.0.1',
    'fd12::1%eth0',
    'localhost',
  ])('does not have %s', (address) => expect(isPrivate(address)).toBe(false));
  it('is never what can be reached from the internet', () => {
    const any = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(fc.property(any, (address) => !isPrivate(address) || reachOf(address) === 'inside'));
  });
});
