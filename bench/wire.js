/**
 * Splits a byte stream into HTTP/1.1 messages without keeping their bodies. Receivers and load generators share two cores with
 * what they measure: with a full HTTP implementation at the other end, that end would be the bottleneck.
 */
export class MessageSplitter {
  #head = Buffer.alloc(0);
  /** Body bytes still to come; `chunk`: a chunk's size line comes next. */
  #expect = 'head';
  #skip = 0;

  /** @param {(firstLine: string) => void} onMessage called at the end of each message */
  constructor(onMessage) {
    this.onMessage = onMessage;
    this.firstLine = '';
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    let at = 0;
    let bytes = chunk;
    if (this.#head.length > 0) {
      bytes = Buffer.concat([this.#head, chunk]);
      this.#head = Buffer.alloc(0);
    }
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at);
        this.#skip -= skipped;
        at += skipped;
        if (this.#skip === 0 && this.#expect === 'end') this.#finish();
        continue;
      }
      const end = bytes.indexOf(this.#expect === 'chunk' ? '\r\n' : '\r\n\r\n', at, 'latin1');
      if (end < 0) {
        this.#head = Buffer.from(bytes.subarray(at));
        return;
      }
      const text = bytes.latin1Slice(at, end);
      at = end + (this.#expect === 'chunk' ? 2 : 4);
      if (this.#expect === 'chunk') this.#beginChunk(text);
      else this.#beginBody(text);
    }
  }

  #beginBody(head) {
    this.firstLine = head.slice(0, head.indexOf('\r\n'));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (length && Number(length[1]) > 0) {
      this.#skip = Number(length[1]);
      this.#expect = 'end';
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      this.#expect = 'chunk';
    } else {
      this.#finish();
    }
  }

  #beginChunk(sizeLine) {
    const size = Number.parseInt(sizeLine, 16);
    this.#skip = size + 2;
    if (size === 0) this.#expect = 'end';
  }

  #finish() {
    this.#expect = 'head';
    this.onMessage(this.firstLine);
  }
}
