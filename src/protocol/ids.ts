import { randomBytes } from 'node:crypto';

declare const kind: unique symbol;
type Id<Kind extends string> = string & { readonly [kind]: Kind };

/** `evt_` and 26 characters, in the order in which events were published by one process. */
export type EventId = Id<'evt'>;
/** `ep_` and 26 characters. */
export type EndpointId = Id<'ep'>;
export type ReceiverId = Id<'rcv'>;
export type SignalId = Id<'sig'>;
export type CredentialId = Id<'key'>;
export type ErasureId = Id<'era'>;

/** What an id of each kind begins with, before the underscore. */
export const ID_PREFIX = {
  event: 'evt',
  endpoint: 'ep',
  receiver: 'rcv',
  signal: 'sig',
  credential: 'key',
  erasure: 'era',
} as const;

export type IdPrefix = (typeof ID_PREFIX)[keyof typeof ID_PREFIX];
export type AnyId = EventId | EndpointId | ReceiverId | SignalId | CredentialId | ErasureId;
/** The type of the ids with a prefix: `IdOf<'evt'>` is `EventId`. */
export type IdOf<Prefix extends IdPrefix> = Extract<AnyId, Id<Prefix>>;

// Crockford's base32 in lower case: no i, l, o, u.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ALPHABET_CODES = Buffer.from(ALPHABET, 'latin1');
const SUFFIX_LENGTH = 26;
const TIME_LENGTH = 10;
const TIME_MAX = 2 ** 48 - 1;

const COUNTER_MAX = 0xfff;
// RFC 9562, section 6.2: the counter starts at a random number whose top bit is 0, so that at least 2,048 ids fit in a millisecond.
const COUNTER_START_MASK = 0x7ff;

const RANDOM_PER_ID = 13;
const RANDOM_POOL = RANDOM_PER_ID * 256;

/**
 * Makes TypeIDs (specification 0.3): `evt_` and a UUIDv7 (RFC 9562) in 26 characters of base32.
 *
 * The ids of one generator grow strictly, in text as in time: within a millisecond a 12-bit counter (section 6.2, method 1) goes
 * up; when it is full, or while the clock stands behind the last id, the id's time runs ahead of the clock. The other
 * 62 bits are random in every id, so generators in other processes do not collide and an id does not betray the next.
 * Order holds per generator: a process shares one.
 */
export class IdGenerator {
  private readonly suffix = Buffer.alloc(SUFFIX_LENGTH);
  private time = -1;
  // Full, so that even a clock before 1970 starts a millisecond first.
  private counter = COUNTER_MAX;
  private pool: Uint8Array = new Uint8Array(0);
  private used = 0;

  constructor(
    /** Unix milliseconds. */
    private readonly now: () => number = Date.now,
    /** As many unpredictable bytes as it is asked for. */
    private readonly random: (size: number) => Uint8Array = randomBytes,
  ) {}

  next<Prefix extends IdPrefix>(prefix: Prefix): IdOf<Prefix> {
    // Asking for randomness is a system call and would cost more than all the rest: take it in large pieces.
    if (this.used + RANDOM_PER_ID > this.pool.length) this.refill();
    const now = Math.floor(this.now());
    if (now > this.time) this.startMillisecond(now);
    else if (this.counter < COUNTER_MAX) this.counter += 1;
    else this.startMillisecond(this.time + 1);

    const { suffix, counter, pool } = this;
    // 4 bits of version (7) and the counter; 2 bits of variant (binary 10) and 62 random ones.
    suffix[10] = code(0b01110 | (counter >> 11));
    suffix[11] = code(counter >> 6);
    suffix[12] = code(counter >> 1);
    suffix[13] = code(((counter & 1) << 4) | 0b01000 | ((pool[this.used++] ?? 0) & 0b11));
    for (let at = 14; at < SUFFIX_LENGTH; at++) suffix[at] = code(pool[this.used++] ?? 0);
    return `${prefix}_${suffix.toString('latin1')}` as IdOf<Prefix>;
  }

  private startMillisecond(time: number): void {
    if (time > TIME_MAX) throw new RangeError(`The clock is beyond what a UUIDv7 can hold: ${time}`);
    this.time = time;
    let rest = time;
    for (let at = TIME_LENGTH - 1; at >= 0; at--) {
      this.suffix[at] = code(rest % 32);
      rest = Math.floor(rest / 32);
    }
    const [high = 0, low = 0] = this.random(2);
    this.counter = ((high << 8) | low) & COUNTER_START_MASK;
  }

  private refill(): void {
    const pool = this.random(RANDOM_POOL);
    if (pool.length < RANDOM_POOL)
      throw new RangeError(`The random source gave ${pool.length} of ${RANDOM_POOL} bytes`);
    this.pool = pool;
    this.used = 0;
  }
}

function code(value: number): number {
  return ALPHABET_CODES[value & 31] ?? 0;
}

const ID_PATTERNS = Object.fromEntries(
  Object.values(ID_PREFIX).map((prefix) => [prefix, new RegExp(`^${prefix}_[0-7][${ALPHABET}]{25}$`)]),
) as Record<IdPrefix, RegExp>;

/** Whether `text` is an id of that kind. 26 characters hold 130 bits, so the first is at most `7`. */
export function isId<Prefix extends IdPrefix>(prefix: Prefix, text: string): text is IdOf<Prefix> {
  return ID_PATTERNS[prefix].test(text);
}

/** When the id was made, in Unix milliseconds (see `IdGenerator` on how far it may run ahead of the clock). */
export function idTime(id: AnyId): number {
  const start = id.indexOf('_') + 1;
  let time = 0;
  for (const digit of id.slice(start, start + TIME_LENGTH)) time = time * 32 + ALPHABET.indexOf(digit);
  return time;
}
