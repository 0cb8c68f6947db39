import { type Address, AddressRanges, parseAddress } from './address-ranges.js';
import { createResolver, type Resolver, resolveName } from './name-resolution.js';
import { TargetRefusedError, type TargetRefusalReason } from './target-refused-error.js';
import { parseTargetUrl, type TargetUrl } from './target-url.js';

export interface TargetGuardOptions {
  /** CIDR blocks that may be signalled besides public addresses, on any port, plain http included. Default none. */
  allow?: readonly string[];
  /** Ports of public targets. Default 443 and 8443; with `httpsOnly: false` also 80. */
  allowedPorts?: readonly number[];
  /** `false` lets plain http go to public addresses as well; the address rules stay. Default true. */
  httpsOnly?: boolean;
  /** Default asks the name servers of the system. */
  resolver?: Resolver;
  /** Time for resolving a name, in ms. Default 5,000. */
  dnsTimeoutMs?: number;
}

/** An address that was checked and may be dialled. */
export type VettedAddress = Address;

export type TargetVerdict =
  | {
      readonly ok: true;
      /** Normalised; what is stored. */
      readonly url: string;
    }
  | { readonly ok: false; readonly reason: TargetRefusalReason; readonly message: string };

/** What is dialled: the parts of an origin. */
export type Destination = Pick<TargetUrl, 'hostname' | 'port' | 'secure'>;

const DNS_TIMEOUT_MS = 5_000;
/** Whoever registers an endpoint waits for this; the real check is at connect. */
const ADMISSION_DNS_MS = 1_000;

/**
 * HTTPS and its usual second port. Signals to other ports would make us a scanner of other people's mail servers and databases,
 * and a POST is close enough to some of their protocols to do harm.
 */
const SECURE_PORTS = [443, 8443];

/**
 * Decides which targets may be signalled (SSRF). Default deny: public addresses over https, and what the operator lists. A name is
 * judged by its addresses, each time it is connected to: what it resolved to when it was registered says nothing about now.
 */
export class TargetGuard {
  private readonly ranges: AddressRanges;
  private readonly anyAllowed: boolean;
  private readonly httpsOnly: boolean;
  private readonly ports: ReadonlySet<number>;
  private readonly resolver: Resolver;
  private readonly dnsTimeoutMs: number;

  /** @throws AllowListError */
  constructor(options: TargetGuardOptions = {}) {
    const { allow = [], httpsOnly = true, resolver, dnsTimeoutMs = DNS_TIMEOUT_MS } = options;
    this.ranges = new AddressRanges(allow);
    this.anyAllowed = allow.length > 0;
    this.httpsOnly = httpsOnly;
    this.ports = new Set(options.allowedPorts ?? (httpsOnly ? SECURE_PORTS : [80, ...SECURE_PORTS]));
    this.resolver = resolver ?? createResolver();
    this.dnsTimeoutMs = dnsTimeoutMs;
  }

  /** Checks all that can be told without asking DNS. */
  checkUrl(raw: string): TargetVerdict {
    try {
      return { ok: true, url: this.parse(raw).href };
    } catch (error) {
      if (!(error instanceof TargetRefusedError)) throw error;
      return { ok: false, reason: error.reason, message: error.message };
    }
  }

  /**
   * The same, as a value to connect by.
   *
   * @throws TargetRefusedError
   */
  parse(raw: string): TargetUrl {
    const target = parseTargetUrl(raw);
    if (target.port === 0) throw refusedPort(target.port);
    if (target.address !== null) {
      this.checkAddress(target.address, target);
    } else if (!this.anyAllowed) {
      // With an allow-list, scheme and port depend on where the name leads; that is known at connect.
      this.checkPublicRules(target);
    }
    return target;
  }

  /**
   * Whether an endpoint may be registered with this URL; answers with its normalised form. A name that leads to a refused
   * address is refused here already; one that does not resolve right now is not, as it is judged again at every connect.
   *
   * @throws TargetRefusedError
   */
  async admit(raw: string): Promise<{ url: string }> {
    const target = this.parse(raw);
    try {
      await this.vet(target, Math.min(ADMISSION_DNS_MS, this.dnsTimeoutMs));
    } catch (error) {
      if (error instanceof TargetRefusedError) throw error;
    }
    return { url: target.href };
  }

  /**
   * The addresses that may be dialled for a destination, at least one. Resolves once; one bad answer refuses them all, since a name
   * that mixes public and private addresses is an attack or a mistake.
   *
   * @throws TargetRefusedError, NameResolutionError
   */
  resolve(destination: Destination): Promise<VettedAddress[]> {
    return this.vet(destination, this.dnsTimeoutMs);
  }

  private async vet(destination: Destination, dnsTimeoutMs: number): Promise<VettedAddress[]> {
    const literal = parseAddress(destination.hostname);
    const texts = literal ? [literal.address] : await resolveName(this.resolver, destination.hostname, dnsTimeoutMs);
    return texts.map((text) => {
      const address = parseAddress(text);
      if (address === null) throw refusedAddress();
      this.checkAddress(address, destination);
      return address;
    });
  }

  private checkAddress(address: Address, { secure, port }: Destination): void {
    if (this.ranges.isAllowListed(address)) return;
    if (!this.ranges.isPublic(address)) throw refusedAddress();
    this.checkPublicRules({ secure, port });
  }

  private checkPublicRules({ secure, port }: Pick<Destination, 'secure' | 'port'>): void {
    if (!secure && this.httpsOnly) {
      throw new TargetRefusedError('scheme', 'Signals go over https only; begin the URL with https://');
    }
    if (!this.ports.has(port)) throw refusedPort(port, this.ports);
  }
}

function refusedAddress(): TargetRefusedError {
  return new TargetRefusedError(
    'address',
    'The host is no public address; use one, or have the operator add its block to SIGNPOST_ALLOW_TARGETS',
  );
}

function refusedPort(port: number, ports?: ReadonlySet<number>): TargetRefusedError {
  const fix = ports ? `; use ${[...ports].join(' or ')}` : '';
  return new TargetRefusedError('port', `Signals do not go to port ${port}${fix}`);
}
