import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const MASTER_KEY_BYTES = 32;
/** 96 bits: the size that GCM is specified for; random ones are safe for 2^32 seals under one key (NIST SP 800-38D, 8.3). */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';
const KEY_ID_BYTES = 6;
/** Node's decoder takes both alphabets and ignores what it does not know, so the text is checked first. */
const BASE64 = /^(?:[A-Za-z0-9+/]{43}=?|[A-Za-z0-9_-]{43}=?)$/;

/** The master key is no 32 bytes in base64. A start-up error; the message says how to make one. */
export class MasterKeyError extends Error {
  readonly code = 'invalid_master_key';

  constructor(found: string) {
    super(
      `The master key (SIGNPOST_MASTER_KEY, option "masterKey") must be 32 random bytes in base64, but ${found}. ` +
        'Make one with: openssl rand -base64 32',
    );
    this.name = 'MasterKeyError';
  }
}

/** A sealed value cannot be opened: `wrong-key` names another master key; `damaged` is anything else. */
export class UnsealError extends Error {
  readonly code = 'unseal_failed';

  constructor(
    readonly reason: 'wrong-key' | 'damaged',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UnsealError';
  }
}

/** @throws MasterKeyError unless `text` is 32 bytes in base64 (or base64url). */
export function parseMasterKey(text: string): Buffer {
  const trimmed = text.trim();
  if (trimmed === '') throw new MasterKeyError('it is missing');
  if (!BASE64.test(trimmed)) throw new MasterKeyError(`these ${trimmed.length} characters are not`);
  const key = Buffer.from(trimmed, 'base64');
  if (key.length !== MASTER_KEY_BYTES) throw new MasterKeyError(`these are ${key.length} bytes`);
  return key;
}

/**
 * Seals what must not stand in the database in clear: `v1.<key id>.<iv>.<ciphertext and tag>`, AES-256-GCM. The context (whose
 * value it is and what for) is authenticated with it: a sealed value that somebody copies to another row does not open there.
 */
export class Sealer {
  /** Tells which master key sealed a value, and nothing about the key. */
  readonly keyId: string;
  readonly #key: Buffer;
  /** All that open, by their ids. */
  readonly #keys = new Map<string, Buffer>();

  /**
   * @param masterKey seals and opens
   * @param previous open only: what was sealed before a rotation, or is sealed by nodes that it has not reached yet
   * @throws MasterKeyError
   */
  constructor(masterKey: string, previous: readonly string[] = []) {
    for (const text of previous) {
      const key = parseMasterKey(text);
      this.#keys.set(keyIdOf(key), key);
    }
    this.#key = parseMasterKey(masterKey);
    this.keyId = keyIdOf(this.#key);
    this.#keys.set(this.keyId, this.#key);
  }

  /** The ids of the keys that open. */
  get knownKeyIds(): string[] {
    return [...this.#keys.keys()];
  }

  seal(plaintext: string, context: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return [VERSION, this.keyId, iv.toString('base64url'), sealed.toString('base64url')].join('.');
  }

  /** @throws UnsealError */
  open(sealed: string, context: string): string {
    const [version, keyId, iv, body, ...rest] = sealed.split('.');
    if (version !== VERSION || !keyId || !iv || !body || rest.length > 0) {
      throw new UnsealError('damaged', `The sealed value of ${context} is not in a form that this version knows`);
    }
    const key = this.#keys.get(keyId);
    if (!key) {
      throw new UnsealError(
        'wrong-key',
        `The value of ${context} was sealed with master key ${keyId}, and this process has ${this.knownKeyIds.join(', ')}: ` +
          'start it with the master key that the database was filled under',
      );
    }
    try {
      const bytes = Buffer.from(body, 'base64url');
      const split = bytes.length - TAG_BYTES;
      const decipher = createDecipheriv(CIPHER, key, Buffer.from(iv, 'base64url'), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(split));
      return decipher.update(bytes.subarray(0, split), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new UnsealError('damaged', `The sealed value of ${context} was changed, or belongs elsewhere`, { cause });
    }
  }
}

function keyIdOf(key: Buffer): string {
  const digest = createHmac('sha256', key).update('signpost master key id').digest();
  return digest.subarray(0, KEY_ID_BYTES).toString('base64url');
}

/** What every value that this key sealed begins with. */
export function sealPrefix(keyId: string): string {
  return `${VERSION}.${keyId}.`;
}

/** What a sealed value is bound to: its owner, an endpoint or a signing key, and its purpose. */
export function sealContext(owner: string, purpose: 'url' | 'secret' | 'auth' | 'signing-key'): string {
  return `${owner}/${purpose}`;
}
