import { hash } from 'node:crypto';

/** Tokens remembered at once: a few hundred bytes each. */
const REMEMBERED = 10_000;

/**
 * What tokens said whose signature was checked: a client sends the same one thousands of times. By their hash, so that no token lies in
 * memory. What can change meanwhile (the key, the credential, the receiver) is for the caller to look at each time.
 */
export class VerifiedTokens<Verified extends { expiresAt: number }> {
  private readonly tokens = new Map<string, Verified>();

  constructor(
    /** Unix ms. */
    private readonly now: () => number,
  ) {}

  /** Undefined for one that was not seen, or has expired. */
  get(token: string): Verified | undefined {
    const key = hash('sha256', token, 'base64');
    const known = this.tokens.get(key);
    if (known === undefined || known.expiresAt > this.now()) return known;
    this.tokens.delete(key);
    return undefined;
  }

  remember(token: string, verified: Verified): void {
    this.tokens.set(hash('sha256', token, 'base64'), verified);
    if (this.tokens.size <= REMEMBERED) return;
    const [oldest] = this.tokens.keys();
    if (oldest !== undefined) this.tokens.delete(oldest);
  }
}
