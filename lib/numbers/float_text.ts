/**
 * The texts C's strtod and strtold accept, taken apart exactly: sign, digits and scale.
 *
 *     -12.5e3   negative, radix 10, digits "125", scale 2      value = digits * 10^scale
 *     0x1.8p-2  radix 16, digits "18", scale -6                value = digits * 2^scale
 *     Inf, INFINITY                                            infinite
 *
 * Promise: the whole text is a number or the answer is undefined; nothing is rounded here. `nan` is
 * undefined too, for no command of Redis takes it. No leading space is skipped.
 */

import { Buffer } from "node:buffer";

/** A number taken apart. */
export interface FloatText {
  /** Whether it began with a minus sign. */
  readonly negative: boolean;
  /** Whether it was `inf` or `infinity`; there are no digits then. */
  readonly infinite: boolean;
  /** The radix of the digits. */
  readonly radix: 10 | 16;
  /** The digits without point and without leading zeros: empty for zero. */
  readonly digits: string;
  /** The power of ten (radix 10) or of two (radix 16) that the digits are multiplied by. */
  readonly scale: number;
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LOWER_E = 0x65;
const LOWER_P = 0x70;
const LOWER_X = 0x78;
const CASE_BIT = 0x20;
/** Written exponents saturate here: far past every format, and still an exact Number. */
const EXPONENT_LIMIT = 1e12;

/** Takes the text at `buf[start..end]` apart, or answers undefined where it is not a number. */
export function scanFloat(buf: Uint8Array, start: number, end: number): FloatText | undefined {
  let at = start;
  const negative = at < end && buf[at] === MINUS;
  if (negative || (at < end && buf[at] === PLUS)) at++;
  if (isWord(buf, at, end, "inf") || isWord(buf, at, end, "infinity")) {
    return { negative, infinite: true, radix: 10, digits: "", scale: 0 };
  }
  const hex = at + 1 < end && buf[at] === ZERO && (buf[at + 1] | CASE_BIT) === LOWER_X;
  const body = hex ? at + 2 : at;
  const radix = hex ? 16 : 10;

  const whole = skipDigits(buf, body, end, radix);
  const pointed = whole < end && buf[whole] === POINT;
  const fraction = pointed ? whole + 1 : whole;
  const stop = skipDigits(buf, fraction, end, radix);
  const count = (whole - body) + (stop - fraction);
  if (count === 0) return undefined;

  let exponent: number | undefined = 0;
  if (stop < end) {
    if ((buf[stop] | CASE_BIT) !== (hex ? LOWER_P : LOWER_E)) return undefined;
    exponent = parseExponent(buf, stop + 1, end);
    if (exponent === undefined) return undefined;
  }
  const digits = latin1(buf, body, whole) + latin1(buf, fraction, stop);
  const scale = exponent - (stop - fraction) * (hex ? 4 : 1);
  return { negative, infinite: false, radix, digits: digits.replace(/^0+/, ""), scale };
}

/** The signed decimal exponent at `at..end`, saturated; undefined where it is malformed. */
function parseExponent(buf: Uint8Array, at: number, end: number): number | undefined {
  const negative = at < end && buf[at] === MINUS;
  if (negative || (at < end && buf[at] === PLUS)) at++;
  if (at >= end) return undefined;
  let value = 0;
  for (; at < end; at++) {
    const digit = buf[at] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    if (value < EXPONENT_LIMIT) value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function skipDigits(buf: Uint8Array, at: number, end: number, radix: 10 | 16): number {
  for (; at < end; at++) {
    const byte = buf[at];
    if (byte >= ZERO && byte <= 0x39) continue;
    const letter = byte | CASE_BIT;
    if (radix === 16 && letter >= 0x61 && letter <= 0x66) continue;
    break;
  }
  return at;
}

function isWord(buf: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    if ((buf[start + i] | CASE_BIT) !== word.charCodeAt(i)) return false;
  }
  return true;
}

function latin1(buf: Uint8Array, start: number, end: number): string {
  return Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString("latin1");
}
