import { hash as digest, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ID_PREFIX, isId, type CredentialId } from '../../protocol/ids.js';

/** `sp_` opens the fetch API, `sa_` the admin API. */
export type KeyPrefix = 'sp' | 'sa';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 32 characters of 62: 190 random bits. */
const SECRET_LENGTH = 32;
/** CRC-32 in base 62: 62^6 is more than 2^32. */
const CHECKSUM_LENGTH = 6;
const KEY = /^(sp|sa)_([0-7][0-9a-z]{25})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

export interface NewApiKey {
  /** The key itself: shown once, stored nowhere. */
  text: string;
  /** SHA-256 of `text`, hex: what is stored. */
  hash: string;
}

export interface ParsedApiKey {
  prefix: KeyPrefix;
  id: CredentialId;
}

/**
 * A new key of the credential `id`: `sp_<key id>_<secret><checksum>`. The key id finds the row; the checksum lets a secret scanner,
 * or a person who mistyped, tell a key from a lookalike without asking anybody. It adds no secrecy.
 */
export function generateApiKey(prefix: KeyPrefix, id: CredentialId): NewApiKey {
  const body = `${prefix}_${id.slice(ID_PREFIX.credential.length + 1)}_${randomText(SECRET_LENGTH)}`;
  const text = body + checksum(body);
  return { text, hash: hashApiKey(text).toString('hex') };
}

/** What a key says about itself; undefined for anything that this installation did not make. Proves nothing yet. */
export function parseApiKey(text: string): ParsedApiKey | undefined {
  const match = KEY.exec(text);
  if (!match) return undefined;
  const [, prefix, suffix] = match;
  const id = `${ID_PREFIX.credential}_${suffix}`;
  if (!isId(ID_PREFIX.credential, id)) return undefined;
  if (checksum(text.slice(0, -CHECKSUM_LENGTH)) !== text.slice(-CHECKSUM_LENGTH)) return undefined;
  return { prefix: prefix as KeyPrefix, id };
}

export function hashApiKey(text: string): Buffer {
  return digest('sha256', text, 'buffer');
}

/** For keys that nobody has: comparing with it takes as long as with a real one, and it never matches. */
export const NO_KEY_HASH = Buffer.alloc(32);

/** Compares in constant time. */
export function matchesHash(text: string, hash: Buffer): boolean {
  return timingSafeEqual(hashApiKey(text), hash);
}

function randomText(length: number): string {
  let text = '';
  for (let at = 0; at < length; at++) text += BASE62.charAt(randomInt(BASE62.length));
  return text;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let at = 0; at < CHECKSUM_LENGTH; at++) {
    digits = BASE62.charAt(rest % BASE62.length) + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits;
}
