import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Auth } from '../client/auth.js';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals an endpoint's signing secret at rest, under a key that is derived from the receiver's own credential: whoever only has the database
 * cannot sign with it. AES-256-GCM, bound to the producer's name and the endpoint's id. A replaced credential opens nothing that was sealed
 * before; the secret is rotated then.
 */
export class SecretSeal {
  private readonly key: Buffer;

  /** undefined: this kind of credential has no text of its own to derive a key from. */
  static of(auth: Auth): SecretSeal | undefined {
    if ('apiKey' in auth) return new SecretSeal(auth.apiKey);
    if ('clientSecret' in auth) return new SecretSeal(auth.clientSecret);
    return undefined;
  }

  constructor(credential: string) {
    this.key = Buffer.from(hkdfSync('sha256', credential, '', 'signpost receiver: endpoint secret', 32));
  }

  seal(secret: string, boundTo: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(boundTo));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString('base64');
  }

  /** undefined: sealed under another credential, for something else, or changed. */
  open(text: string, boundTo: string): string | undefined {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(boundTo))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      return undefined;
    }
  }
}
