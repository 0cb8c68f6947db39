/** A double holds every decimal of up to 15 significant digits so that it comes back the same. */
const ALWAYS_EXACT_DIGITS = 15;
/** The largest double has 309 digits before the point. */
const LONGEST_INTEGER = 309;

const ZERO = 0x30;
const NINE = 0x39;

interface Decimal {
  /** Without leading and trailing zeros; empty for zero. */
  digits: string;
  /** Power of ten of the last digit. */
  exponent: number;
}

/** Loops, not regular expressions: /0+$/ takes quadratic time over a literal made to hurt. */
function decimalOf(literal: string): Decimal {
  const unsigned = literal.startsWith('-') ? literal.slice(1) : literal;
  const mark = Math.max(unsigned.indexOf('e'), unsigned.indexOf('E'));
  const mantissa = mark < 0 ? unsigned : unsigned.slice(0, mark);
  const point = mantissa.indexOf('.');
  const all = point < 0 ? mantissa : mantissa.slice(0, point) + mantissa.slice(point + 1);
  let from = 0;
  let to = all.length;
  while (from < to && all.charCodeAt(from) === ZERO) from++;
  while (to > from && all.charCodeAt(to - 1) === ZERO) to--;
  const fraction = point < 0 ? 0 : mantissa.length - point - 1;
  const exponent = (mark < 0 ? 0 : Number(unsigned.slice(mark + 1))) - fraction + (all.length - to);
  return { digits: all.slice(from, to), exponent };
}

function isInteger(literal: string): boolean {
  for (let i = literal.startsWith('-') ? 1 : 0; i < literal.length; i++) {
    const code = literal.charCodeAt(i);
    if (code < ZERO || code > NINE) return false;
  }
  return true;
}

/**
 * Whether a JSON number survives a reader that keeps numbers in doubles (RFC 8259 §6): it is the decimal that such a
 * reader would write again (`0.1`, `1.0`, `1e3`), or an integer that the double equals (`9223372036854775808`).
 */
export function isExactNumber(literal: string): boolean {
  if (literal.length <= ALWAYS_EXACT_DIGITS && !/[eE]/.test(literal)) return true;
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  const sent = decimalOf(literal);
  if (sent.digits === '') return true;
  const kept = decimalOf(String(value));
  if (sent.digits === kept.digits && sent.exponent === kept.exponent) return true;
  return literal.length <= LONGEST_INTEGER + 1 && isInteger(literal) && BigInt(literal) === BigInt(value);
}
