import { pointerTokens } from './json-pointer.js';
import { JsonScanner } from './json-scanner.js';

/** JSON text without some of its values. */
export interface CutJson {
  text: string;
  /** Those of the pointers that met something, in the order in which they were given. */
  cut: string[];
}

/** Stands in a pointer for each member of an object and each element of an array. */
const EACH = '*';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** What pointers lead to, token by token. */
interface Branch {
  /** Pointers that end here. */
  pointers: string[];
  below: Map<string, Branch>;
  each: Branch | undefined;
}

/** A stretch of the text that goes, and what comes in its place. */
interface Gap {
  from: number;
  to: number;
  put: string;
}

/**
 * Cuts what JSON pointers lead to out of JSON text. A member goes with its name, every time it stands there; an element of an array becomes
 * null, so that the others keep their places; so does the whole (pointer ``). All other bytes stay as they are. A token `*` stands for each
 * member or element. What lies inside something that is cut is not met by itself. The text must be JSON.
 */
export class JsonCutter {
  private readonly root: Branch = branch();

  /** @throws TypeError for what is no pointer */
  constructor(private readonly pointers: readonly string[]) {
    for (const pointer of pointers) {
      let place = this.root;
      for (const token of tokensOf(pointer)) place = next(place, token);
      place.pointers.push(pointer);
    }
  }

  /** @throws JsonSyntaxError, if the text is cut off or no JSON on the way to what is looked for */
  cut(text: string): CutJson {
    if (this.root.pointers.length > 0) return { text: 'null', cut: [...this.root.pointers] };
    const cutting = new Cutting(text);
    cutting.value([this.root]);
    if (cutting.gaps.length === 0) return { text, cut: [] };
    return { text: cutting.rest(), cut: this.pointers.filter((pointer) => cutting.met.has(pointer)) };
  }
}

function branch(): Branch {
  return { pointers: [], below: new Map(), each: undefined };
}

function tokensOf(pointer: string): string[] {
  const tokens = pointerTokens(pointer);
  if (!tokens) throw new TypeError(`${JSON.stringify(pointer)} is no JSON pointer`);
  return tokens;
}

function next(place: Branch, token: string): Branch {
  if (token === EACH) return (place.each ??= branch());
  const found = place.below.get(token) ?? branch();
  place.below.set(token, found);
  return found;
}

/** One walk over one text. */
class Cutting {
  readonly gaps: Gap[] = [];
  readonly met = new Set<string>();
  private readonly scanner: JsonScanner;

  constructor(private readonly source: string) {
    this.scanner = new JsonScanner(source);
  }

  value(branches: readonly Branch[]): void {
    const code = this.scanner.peek();
    if (branches.length > 0 && code === OPEN_OBJECT) this.object(branches);
    else if (branches.length > 0 && code === OPEN_ARRAY) this.array(branches);
    else this.stepOver();
  }

  rest(): string {
    let rest = '';
    let from = 0;
    for (const gap of this.gaps) {
      rest += this.source.slice(from, gap.from) + gap.put;
      from = gap.to;
    }
    return rest + this.source.slice(from);
  }

  private object(branches: readonly Branch[]): void {
    const { scanner } = this;
    scanner.enter();
    let kept = false;
    let start = scanner.pos;
    if (scanner.peek() !== CLOSE_OBJECT) {
      for (let more = true; more; start = scanner.pos) {
        const below = along(branches, scanner.stringAt(scanner.memberName()));
        const cut = this.isCut(below);
        this.value(cut ? [] : below);
        more = scanner.another(CLOSE_OBJECT);
        // With the comma before it, or behind it while nothing before it is kept. `another` stands behind the comma, or at the brace.
        if (!cut) kept = true;
        else if (kept) this.gaps.push({ from: start - 1, to: more ? scanner.pos - 1 : scanner.pos, put: '' });
        else this.gaps.push({ from: start, to: scanner.pos, put: '' });
      }
    }
    scanner.leave();
  }

  private array(branches: readonly Branch[]): void {
    const { scanner } = this;
    scanner.enter();
    if (scanner.peek() !== CLOSE_ARRAY) {
      let index = 0;
      do {
        const below = along(branches, String(index++));
        scanner.peek();
        const from = scanner.pos;
        const cut = this.isCut(below);
        this.value(cut ? [] : below);
        if (cut) this.gaps.push({ from, to: scanner.pos, put: 'null' });
      } while (scanner.another(CLOSE_ARRAY));
    }
    scanner.leave();
  }

  private isCut(branches: readonly Branch[]): boolean {
    let cut = false;
    for (const { pointers } of branches) {
      for (const pointer of pointers) {
        this.met.add(pointer);
        cut = true;
      }
    }
    return cut;
  }

  /** By quotes and brackets alone: the text is known to be JSON, and may be nested deeper than a request may be. */
  private stepOver(): void {
    const { source, scanner } = this;
    let pos = scanner.pos;
    let depth = 0;
    do {
      const code = source.charCodeAt(pos);
      if (Number.isNaN(code)) throw scanner.expected('more text');
      if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth++;
      else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth--;
      pos = code === QUOTE ? this.endOfString(pos) : pos + 1;
    } while (depth > 0 || !endsValue(source.charCodeAt(pos)));
    scanner.pos = pos;
  }

  private endOfString(start: number): number {
    const { source } = this;
    for (let pos = start + 1; pos < source.length; pos++) {
      const code = source.charCodeAt(pos);
      if (code === QUOTE) return pos + 1;
      if (code === BACKSLASH) pos++;
    }
    throw this.scanner.expected('a closing double quote');
  }
}

function along(branches: readonly Branch[], name: string): Branch[] {
  const found: Branch[] = [];
  for (const { below, each } of branches) {
    const named = below.get(name);
    if (named) found.push(named);
    if (each) found.push(each);
  }
  return found;
}

/** What may stand behind a value: a comma, a closing bracket, white space, the end. */
function endsValue(code: number): boolean {
  return Number.isNaN(code) || code === 0x2c || code === CLOSE_OBJECT || code === CLOSE_ARRAY || code <= 0x20;
}
