import { BlockList, isIP } from 'node:net';

/**
 * IPv4 that is not the public internet: the whole IANA special-purpose registry (RFC 6890 and its updates), also the few blocks in
 * it that are reachable, since no receiver lives there; multicast (RFC 5771); and Azure's platform address, which
 * is a public one by number and answers every virtual machine there.
 */
const DENIED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** All that IANA hands out as global unicast; everything else is local, a translation of an IPv4 address, or nothing yet. */
const GLOBAL_IPV6 = ['2000::/3'];
/** Inside of it: protocol assignments with Teredo (RFC 2928), documentation (RFC 3849, RFC 9637), 6to4 (RFC 3056). */
const DENIED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** An IP address as node:net takes it; an IPv4 address in IPv6 clothing is an IPv4 address here. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** The allow-list holds something that is no block of addresses. */
export class AllowListError extends Error {
  readonly code = 'bad_allow_list';

  constructor(block: string, fix: string, options?: ErrorOptions) {
    super(`The allowed target ${JSON.stringify(block)} ${fix}`, options);
    this.name = 'AllowListError';
  }
}

/** Which addresses may be signalled: public ones, and those that the operator allows. */
export class AddressRanges {
  private readonly denied4 = blockList(DENIED_IPV4);
  private readonly global6 = blockList(GLOBAL_IPV6);
  private readonly denied6 = blockList(DENIED_IPV6);
  // One list per family: in a shared one, a short IPv6 prefix also matches IPv4 addresses, taken as mapped ones.
  private readonly allowed4 = new BlockList();
  private readonly allowed6 = new BlockList();

  /** @throws AllowListError */
  constructor(allow: readonly string[] = []) {
    for (const block of allow) {
      const { address, family, prefix } = parseBlock(block);
      if (family === 4) this.allowed4.addSubnet(address, prefix, 'ipv4');
      else this.allowed6.addSubnet(address, prefix, 'ipv6');
    }
  }

  /** Whether the operator's list names it. */
  isAllowListed({ address, family }: Address): boolean {
    return family === 4 ? this.allowed4.check(address) : this.allowed6.check(address, 'ipv6');
  }

  /** Whether it is an address of the public internet. */
  isPublic({ address, family }: Address): boolean {
    if (family === 4) return !this.denied4.check(address);
    return this.global6.check(address, 'ipv6') && !this.denied6.check(address, 'ipv6');
  }
}

/** Reads an IP address in any notation that the URL standard or DNS gives; null when it is none, or one with a zone id. */
export function parseAddress(text: string): Address | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  // A zone id names an interface of this machine, so nothing that is public.
  if (bare.includes('%')) return null;
  switch (isIP(bare)) {
    case 4:
      return { address: bare, family: 4 };
    case 6:
      return unmap(bare);
    default:
      return null;
  }
}

const MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

function unmap(text: string): Address {
  // The URL standard has one spelling for each IPv6 address.
  const host = new URL(`http://[${text}]/`).hostname;
  const [, high, low] = MAPPED.exec(host) ?? [];
  if (high === undefined || low === undefined) return { address: host.slice(1, -1), family: 6 };
  const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
  return { address: `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`, family: 4 };
}

function parseBlock(block: string): Address & { prefix: number } {
  const [text = '', length, ...rest] = block.split('/');
  const parsed = text.startsWith('[') ? null : parseAddress(text);
  if (parsed === null || rest.length > 0) {
    throw new AllowListError(block, 'is no block of addresses; write it like 10.0.0.0/8 or fd00::/8');
  }
  if (parsed.family === 4 && text.includes(':')) {
    throw new AllowListError(block, 'is IPv4 written as IPv6; write it like 10.0.0.0/8');
  }
  const longest = parsed.family === 4 ? 32 : 128;
  if (length === undefined) return { ...parsed, prefix: longest };
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (!(prefix <= longest))
    throw new AllowListError(block, `needs a prefix length from 0 to ${longest} behind the slash`);
  return { ...parsed, prefix };
}

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const { address, family, prefix } = parseBlock(block);
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
