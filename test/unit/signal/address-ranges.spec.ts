import { describe, expect, it } from '@jest/globals';
import { AddressRanges, AllowListError, parseAddress } from '../../../src/producer/signal/address-ranges.js';

const publicly = (text: string): boolean => {
  const address = parseAddress(text);
  return address !== null && new AddressRanges().isPublic(address);
};

describe('public addresses', () => {
  // First and last of each denied block, and their neighbours.
  it.each([
    ['0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['168.63.129.16', '168.63.129.16', '168.63.129.15', '168.63.129.17'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
    ['192.31.196.0', '192.31.196.255', '192.31.195.255', '192.31.197.0'],
    ['192.52.193.0', '192.52.193.255', '192.52.192.255', '192.52.194.0'],
    ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['192.175.48.0', '192.175.48.255', '192.175.47.255', '192.175.49.0'],
    ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
    ['224.0.0.0', '255.255.255.255', '223.255.255.255', null],
    ['::', '1fff:ffff::', null, '2000::'],
    ['2001::', '2001:1ff:ffff::', '2000:ffff::', '2001:200::'],
    ['2001:db8::', '2001:db8:ffff::', '2001:db7::', '2001:db9::'],
    ['2002::', '2002:ffff::', '2001:ffff::', '2003::'],
    ['3fff::', '3fff:fff::', '3ffe::', '3fff:1000::'],
    ['4000::', 'ffff::', '3fff:ffff::', null],
  ])('from %s to %s are none, %s and %s are', (first, last, before, behind) => {
    expect([publicly(first), publicly(last)]).toEqual([false, false]);
    expect([before === null || publicly(before), behind === null || publicly(behind)]).toEqual([true, true]);
  });

  it('an IPv4 address in IPv6 clothing is judged as what it is', () => {
    expect(parseAddress('::ffff:127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 });
    expect(parseAddress('[::FFFF:7f00:1]')).toEqual({ address: '127.0.0.1', family: 4 });
    expect(publicly('::ffff:0.0.0.1')).toBe(false);
    expect(publicly('::ffff:8.8.8.8')).toBe(true);
  });

  it.each(['fe80::1%eth0', '2600::1%1', 'example.com', '1.2.3', '', '[1.2.3.4'])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeNull();
  });
});

describe('the operator’s list', () => {
  const allowed = (list: string[], text: string): boolean => {
    const address = parseAddress(text);
    return address !== null && new AddressRanges(list).isAllowListed(address);
  };

  it('opens its blocks and nothing beside them', () => {
    const list = ['10.1.0.0/16', '192.168.7.7', 'fd00::/8'];
    for (const text of ['10.1.255.255', '192.168.7.7', '::ffff:10.1.0.1', 'fd12::1'])
      expect(allowed(list, text)).toBe(true);
    for (const text of ['10.2.0.0', '192.168.7.8', 'fc00::1']) expect(allowed(list, text)).toBe(false);
  });

  it('a block of one family opens nothing of the other', () => {
    expect(allowed(['::/0'], '127.0.0.1')).toBe(false);
    expect(allowed(['0.0.0.0/0'], '::1')).toBe(false);
  });

  it.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/x',
    '10.0.0.0/8/8',
    '::1/129',
    '::ffff:10.0.0.0/104',
    '[::1]/128',
    'fe80::1%lo/64',
  ])('%j is refused, with the way to write it', (block) => {
    expect(() => new AddressRanges([block])).toThrow(AllowListError);
  });
});
