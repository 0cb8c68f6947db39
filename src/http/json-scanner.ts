import { JsonRefusedError, JsonSyntaxError, pointerTo } from './json-errors.js';
import { isExactNumber } from './json-number.js';
import type { ProblemField } from '../protocol/problem.js';

/** Deeper nesting is refused: readers in other languages overflow their stacks long before a text of 1 MiB of `[` ends. */
export const MAX_JSON_DEPTH = 64;
/** Enough to see the pattern; a text of a thousand wrong numbers is not answered with a thousand errors. */
const MAX_REPORTED = 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const SHORT_NUMBER = 15;

function isHexDigit(code: number): boolean {
  return (code >= ZERO && code <= NINE) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}

/**
 * Walks JSON text once, by character code, without building values. Knows the whole grammar of RFC 8259 and where it is,
 * so that a number that a double cannot hold is reported with its pointer.
 */
export class JsonScanner {
  pos = 0;
  private depth = 0;
  /** Per level: where the current member's name starts, or the complement of the element's index. */
  private readonly path = new Int32Array(MAX_JSON_DEPTH + 1);
  private readonly inexact: ProblemField[] = [];

  constructor(readonly text: string) {}

  /** Steps over white space and answers the code of the character there; NaN at the end. */
  peek(): number {
    const { text } = this;
    let pos = this.pos;
    let code = text.charCodeAt(pos);
    while (code === SPACE || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++pos);
    this.pos = pos;
    return code;
  }

  expected(what: string): JsonSyntaxError {
    return new JsonSyntaxError(what, this.pos);
  }

  /** Throws for what follows the value, then for every number that was found inexact. */
  end(): void {
    this.peek();
    if (this.pos < this.text.length) throw this.expected('the end of the text');
    if (this.inexact.length > 0) throw new JsonRefusedError(this.inexact);
  }

  enter(): void {
    if (this.depth === MAX_JSON_DEPTH) {
      throw new JsonRefusedError([
        { pointer: this.pointer(), message: `Nested deeper than ${MAX_JSON_DEPTH} levels; make it flatter` },
      ]);
    }
    this.depth++;
    this.pos++;
  }

  leave(): void {
    this.depth--;
    this.pos++;
  }

  /** Reads `"name" :` and stands before the value. Answers where the name, with its quotes, starts. */
  memberName(): number {
    if (this.peek() !== QUOTE) throw this.expected('a member name in double quotes');
    const start = this.pos;
    this.path[this.depth] = start;
    this.skipString();
    if (this.peek() !== COLON) throw this.expected('a colon');
    this.pos++;
    return start;
  }

  element(index: number): void {
    this.path[this.depth] = ~index;
  }

  /** After a value inside an object or array: true if another follows, false at `close`. */
  another(close: number): boolean {
    const code = this.peek();
    if (code === COMMA) {
      this.pos++;
      return true;
    }
    if (code === close) return false;
    throw this.expected(close === CLOSE_OBJECT ? 'a comma or }' : 'a comma or ]');
  }

  /** The JSON pointer of the value that is being read. */
  pointer(): string {
    let pointer = '';
    for (let level = 1; level <= this.depth; level++) {
      const at = this.path[level] ?? 0;
      pointer = pointerTo(pointer, at < 0 ? ~at : this.stringAt(at));
    }
    return pointer;
  }

  /** The string whose opening quote stands at `start`. */
  stringAt(start: number): string {
    const { text } = this;
    let end = start + 1;
    let escaped = false;
    for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(++end)) {
      if (code === BACKSLASH) {
        escaped = true;
        end++;
      }
    }
    return escaped ? (JSON.parse(text.slice(start, end + 1)) as string) : text.slice(start + 1, end);
  }

  skipValue(): void {
    switch (this.peek()) {
      case QUOTE:
        return this.skipString();
      case OPEN_OBJECT:
        return this.skipObject();
      case OPEN_ARRAY:
        return this.skipArray();
      case 0x74:
        return this.skipWord('true');
      case 0x66:
        return this.skipWord('false');
      case 0x6e:
        return this.skipWord('null');
      default:
        return this.skipNumber();
    }
  }

  private skipObject(): void {
    this.enter();
    if (this.peek() !== CLOSE_OBJECT) {
      do {
        this.memberName();
        this.skipValue();
      } while (this.another(CLOSE_OBJECT));
    }
    this.leave();
  }

  private skipArray(): void {
    this.enter();
    if (this.peek() !== CLOSE_ARRAY) {
      let index = 0;
      do {
        this.element(index++);
        this.skipValue();
      } while (this.another(CLOSE_ARRAY));
    }
    this.leave();
  }

  private skipWord(word: string): void {
    if (!this.text.startsWith(word, this.pos)) throw this.expected('a JSON value');
    this.pos += word.length;
  }

  skipString(): void {
    const { text } = this;
    let pos = this.pos + 1;
    for (;;) {
      const code = text.charCodeAt(pos);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        pos = this.skipEscape(pos + 1);
      } else if (code >= SPACE) {
        pos++;
      } else {
        // A control character, or NaN at the end: both fail the comparison above.
        this.pos = pos;
        throw this.expected(pos < text.length ? 'an escape instead of a control character' : 'a closing double quote');
      }
    }
    this.pos = pos + 1;
  }

  private skipEscape(pos: number): number {
    const { text } = this;
    if (text.charCodeAt(pos) === 0x75) {
      for (let digit = 1; digit <= 4; digit++) {
        if (isHexDigit(text.charCodeAt(pos + digit))) continue;
        this.pos = pos + digit;
        throw this.expected('four hexadecimal digits');
      }
      return pos + 5;
    }
    this.pos = pos;
    if (pos >= text.length || !'"\\/bfnrt'.includes(text.charAt(pos))) throw this.expected('an escape of JSON');
    return pos + 1;
  }

  private digits(pos: number): number {
    const { text } = this;
    const start = pos;
    let code = text.charCodeAt(pos);
    while (code >= ZERO && code <= NINE) code = text.charCodeAt(++pos);
    this.pos = pos;
    if (pos === start) throw this.expected(start === this.text.length ? 'more text' : 'a JSON value');
    return pos;
  }

  private skipNumber(): void {
    const { text } = this;
    const start = this.pos;
    let pos = text.charCodeAt(start) === MINUS ? start + 1 : start;
    let scientific = false;
    pos = text.charCodeAt(pos) === ZERO ? pos + 1 : this.digits(pos);
    if (text.charCodeAt(pos) === DOT) pos = this.digits(pos + 1);
    if ((text.charCodeAt(pos) | 0x20) === 0x65) {
      scientific = true;
      const sign = text.charCodeAt(pos + 1);
      pos = this.digits(sign === PLUS || sign === MINUS ? pos + 2 : pos + 1);
    }
    this.pos = pos;
    if (!scientific && pos - start <= SHORT_NUMBER) return;
    if (this.inexact.length < MAX_REPORTED && !isExactNumber(text.slice(start, pos))) {
      const message = 'A double cannot hold this number exactly; send it as a string, or with fewer digits';
      this.inexact.push({ pointer: this.pointer(), message });
    }
  }
}
