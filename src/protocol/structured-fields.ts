/**
 * The part of Structured Fields (RFC 8941) that HTTP Message Signatures use, read strictly: what a field has in two spellings, or twice, is refused
 * rather than repaired, because two readers would repair it in two ways.
 */

/** A list of names with parameters behind it: what `signature-input` has under each label. */
export interface CoveredList {
  /** Exactly as it stands in the field. */
  text: string;
  /** The names; `parameters` are in their text, without the names' own. */
  names: readonly string[];
  /** A name has parameters of its own. */
  isQualified: boolean;
  /** Strings without their quotes, integers as numbers; of anything else, its text. */
  parameters: ReadonlyMap<string, string | number>;
}

const KEY = /[a-z*][a-z0-9_.*-]*/y;
const STRING = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const INTEGER = /-?\d{1,15}(?![\d.])/y;
const BYTES = /:([A-Za-z0-9+/]*={0,2}):/y;
const OTHER = /\?[01]|-?\d{1,12}\.\d{1,3}|[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*/y;
const BETWEEN = /[ \t]*,[ \t]*/y;

/** The field is not what it should be. */
class FieldError extends Error {}

/** A dictionary of byte sequences, such as `signature`; undefined if it is none. */
export function parseByteSequences(field: string): Map<string, Buffer> | undefined {
  return parseDictionary(field, (scanner) => {
    const encoded = scanner.need(BYTES)[1] ?? '';
    const bytes = Buffer.from(encoded, 'base64');
    if (bytes.toString('base64') !== encoded) throw new FieldError();
    return bytes;
  });
}

/** A dictionary of lists of names, such as `signature-input`; undefined if it is none. */
export function parseCoveredLists(field: string): Map<string, CoveredList> | undefined {
  return parseDictionary(field, (scanner) => {
    const start = scanner.at;
    const names: string[] = [];
    let isQualified = false;
    scanner.needText('(');
    while (!scanner.takeText(')')) {
      if (names.length > 0) scanner.needText(' ');
      names.push(unescaped(scanner.need(STRING)[1]));
      isQualified = parseParameters(scanner).size > 0 || isQualified;
    }
    const parameters = parseParameters(scanner);
    return { text: field.slice(start, scanner.at), names, isQualified, parameters };
  });
}

function parseDictionary<T>(field: string, member: (scanner: Scanner) => T): Map<string, T> | undefined {
  const scanner = new Scanner(field);
  const members = new Map<string, T>();
  try {
    do {
      const [key] = scanner.need(KEY);
      if (members.has(key)) throw new FieldError();
      scanner.needText('=');
      members.set(key, member(scanner));
    } while (scanner.take(BETWEEN));
    return scanner.isAtEnd ? members : undefined;
  } catch (error) {
    if (error instanceof FieldError) return undefined;
    throw error;
  }
}

function parseParameters(scanner: Scanner): Map<string, string | number> {
  const parameters = new Map<string, string | number>();
  while (scanner.takeText(';')) {
    const [key] = scanner.need(KEY);
    if (parameters.has(key)) throw new FieldError();
    parameters.set(key, scanner.takeText('=') ? parseValue(scanner) : '?1');
  }
  return parameters;
}

function parseValue(scanner: Scanner): string | number {
  const text = scanner.take(STRING);
  if (text) return unescaped(text[1]);
  const integer = scanner.take(INTEGER);
  if (integer) return Number(integer[0]);
  return (scanner.take(BYTES) ?? scanner.need(OTHER))[0];
}

function unescaped(text = ''): string {
  return text.replace(/\\(["\\])/g, '$1');
}

class Scanner {
  at = 0;

  constructor(private readonly text: string) {}

  get isAtEnd(): boolean {
    return this.at === this.text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }

  need(pattern: RegExp): RegExpExecArray {
    const match = this.take(pattern);
    if (!match) throw new FieldError();
    return match;
  }

  takeText(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  needText(text: string): void {
    if (!this.takeText(text)) throw new FieldError();
  }
}
