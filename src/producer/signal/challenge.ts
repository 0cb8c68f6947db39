import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 bits: nobody guesses it, and no two are alike. */
const CHALLENGE_BYTES = 32;

/** Parameters such as `charset=utf-8` may follow. A page that shows what it was sent is no answer: it is not JSON. */
const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i;

/** What the owner of a URL is asked to repeat; for one attempt, so that no answer is good twice. */
export function newChallenge(): string {
  return randomBytes(CHALLENGE_BYTES).toString('base64url');
}

/** The body of an answer to a challenge, as far as it came. It is looked at once and shown to nobody. */
export class ChallengeAnswer {
  private readonly chunks: Buffer[] = [];

  constructor(private readonly challenge: string) {}

  /** Whether the headers announce JSON as it is. Nothing is decoded: a small body may unpack to a huge one. */
  static isPossible(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
    const { 'content-type': type, 'content-encoding': encoding = 'identity' } = headers;
    return typeof type === 'string' && JSON_TYPE.test(type) && encoding === 'identity';
  }

  add(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  /** Whether it is a JSON object whose `challenge` is the one that was sent. */
  isRight(): boolean {
    let answer: unknown;
    try {
      answer = JSON.parse(Buffer.concat(this.chunks).toString('utf8'));
    } catch {
      return false;
    }
    const { challenge } = (answer ?? {}) as { challenge?: unknown };
    return typeof challenge === 'string' && timingSafeEqual(digest(challenge), digest(this.challenge));
  }
}

/** Of one length, whatever the text's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
