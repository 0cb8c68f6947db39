import { isIPv6 } from 'node:net';

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
const GROUPS_OF_NETWORK = 4;

/**
 * What an address is counted under: an IPv4 address by itself, an IPv6 address by its /64, which is the least that one customer gets
 * (RFC 6177), so that going through its addresses gains nothing.
 */
export function networkOf(address: string): string {
  // Without a colon there is no IPv6 in it, mapped or not. This runs for every fetch, and the patterns below are long.
  if (!address.includes(':')) return address;
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address;
  return `${groupsOf(plain).slice(0, GROUPS_OF_NETWORK).join(':')}::/64`;
}

/** The eight groups of an address, without leading zeros: one network has one spelling. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const left = Math.max(8 - before.length - after.length, 0);
  const between = tail === undefined ? [] : Array.from({ length: left }, () => '0');
  return [...before, ...between, ...after].map((group) => Number.parseInt(group, 16).toString(16));
}
