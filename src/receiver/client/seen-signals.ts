/** Well-signed requests of ten minutes, at 50 a second; some 5 MB. */
const MOST = 30_000;

/**
 * Tells exact copies of requests that were taken before. Only what was verified is remembered, so nobody but the producer can fill it. A copy
 * is told by id and time, both signed, and not by the signature header: of several signatures in it one can be left out, or one added. An
 * honest retry has a later time.
 */
export class SeenSignals {
  /** By id and time: until when the time is near enough to be accepted, in Unix seconds. */
  private readonly seen = new Map<string, number>();

  constructor(private readonly toleranceSeconds: number) {}

  /** False: it was here before. */
  add(id: string, signedAt: number, nowSeconds: number): boolean {
    const key = `${signedAt}.${id}`;
    if (this.seen.has(key)) return false;
    this.seen.set(key, signedAt + this.toleranceSeconds);
    for (const [oldest, until] of this.seen) {
      if (until >= nowSeconds && this.seen.size <= MOST) break;
      this.seen.delete(oldest);
    }
    return true;
  }
}
