/**
 * Doubles as Redis 7.0 prints and reads them: scores, increments, timeouts.
 *
 * Printed with C's `%.17g`: 0.1 is `0.10000000000000001`, 1e17 is `1e+17`, 3 is `3`. Read as C's
 * strtod does, with Redis's stricter frame. Promise: byte for byte what Redis prints, and no text
 * read that Redis refuses or the other way round.
 */

import { scanFloat } from "./float_text.ts";

/** Significant digits of `%.17g`. */
const PRECISION = 17;
/** Below this an integer prints as itself, well within 17 digits. */
const PLAIN_INTEGER_MAX = 1e15;

/** Numbers from here on, and below that, print without an exponent. */
const PLAIN_MIN = 1e-4;
const PLAIN_MAX = 1e17;
/** Below this a number of whole eighths has at most 15 digits, which are exact. */
const EIGHTHS_MAX = 1e12;
const ZERO = 48;
const POINT = 46;

/** The text Redis prints for a double: `%.17g`, `inf`, `-inf`, `nan`. */
export function formatDouble(x: number): string {
  if (printsAsInteger(x)) return String(x);
  if (x === 0) return "-0";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : x < 0 ? "-inf" : "nan";
  const size = Math.abs(x);
  if (size < PLAIN_MIN || size >= PLAIN_MAX) return formatAny(x);
  if (size < EIGHTHS_MAX && Number.isInteger(size * 8)) return String(x);
  const mayBeTie = Number.isInteger(size * 2 ** TIE_DECIMALS_MAX);
  return mayBeTie ? formatAny(x) : withoutZeros(x.toPrecision(PRECISION));
}

/** A decimal text without the zeros at its end. */
function withoutZeros(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  return text.slice(0, text.charCodeAt(end - 1) === POINT ? end - 1 : end);
}

/** As `%.17g`, for any finite number. */
function formatAny(x: number): string {
  const text = Math.abs(x).toExponential(PRECISION - 1);
  const mark = text.indexOf("e");
  const exponent = Number(text.slice(mark + 1));
  let digits = text[0] + text.slice(2, mark);
  if (isTie(Math.abs(x), exponent)) digits = halfEven(digits);
  digits = digits.replace(/0+$/, "");
  return (x < 0 ? "-" : "") + layOut(digits, exponent);
}

/** Whether {@linkcode formatDouble} prints a number as an integer prints. */
export function printsAsInteger(x: number): boolean {
  return Number.isInteger(x) && x < PLAIN_INTEGER_MAX && x > -PLAIN_INTEGER_MAX &&
    (x !== 0 || !Object.is(x, -0));
}

/** Places point and exponent as `%g` does: plain from 1e-4 up to 17 digits, else scientific. */
function layOut(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= PRECISION) {
    const point = digits.length > 1 ? "." : "";
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits[0]}${point}${digits.slice(1)}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return "0." + "0".repeat(-exponent - 1) + digits;
  const whole = exponent + 1;
  if (digits.length <= whole) return digits.padEnd(whole, "0");
  return `${digits.slice(0, whole)}.${digits.slice(whole)}`;
}

/** A tie has at most this many decimals: past it, 18 digits cannot hold the factor 5^decimals. */
const TIE_DECIMALS_MAX = 25;

/**
 * Whether `x` lies exactly between two decimals of 17 digits: it has 18 digits and the last is a 5.
 *
 * A fraction of exactly f bits has exactly f decimals, and they end in 5: so it is enough to ask
 * whether `x` has one bit after the point for each decimal that 18 digits would have. There is no tie
 * among integers: one of 18 digits or more has more factors of 2 than such a decimal allows.
 */
function isTie(x: number, exponent: number): boolean {
  const decimals = PRECISION - exponent;
  if (decimals <= 0 || decimals > TIE_DECIMALS_MAX) return false;
  const scaled = x * 2 ** decimals;
  return Number.isInteger(scaled) && !Number.isInteger(scaled / 2);
}

/** V8 rounds a tie up where C rounds it to even: an odd last digit is one too many. */
function halfEven(digits: string): string {
  const last = digits.charCodeAt(PRECISION - 1);
  if ((last & 1) === 0) return digits;
  return digits.slice(0, PRECISION - 1) + String.fromCharCode(last - 1);
}

/** Powers of ten that are exact doubles. */
const TENS = Array.from({ length: 16 }, (_, i) => 10 ** i);
/** Integers of this many digits are exact doubles. */
const EXACT_DIGITS = 15;

/**
 * Reads a double as Redis does: decimal, hexadecimal (`0x1.8p3`), `inf` or `infinity` in any case,
 * with an optional sign. Space, `nan`, trailing bytes, 1e400 and 1e-400 are refused.
 *
 * @returns the nearest double, or undefined where Redis says "value is not a valid float".
 */
export function parseDouble(buf: Uint8Array, start: number, end: number): number | undefined {
  return parseShort(buf, start, end) ?? parseAny(buf, start, end);
}

/** Up to 15 digits with at most one point: two exact doubles and one division, no strings. */
function parseShort(buf: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  const negative = at < end && buf[at] === 0x2d;
  if (negative) at++;
  if (at >= end || end - at > EXACT_DIGITS + 1) return undefined;
  let mantissa = 0;
  let digits = 0;
  let point = -1;
  for (; at < end; at++) {
    const digit = buf[at] - 0x30;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
    } else if (digit === -2 && point < 0) {
      point = at;
    } else {
      return undefined;
    }
  }
  if (digits === 0 || digits > EXACT_DIGITS) return undefined;
  const value = point < 0 ? mantissa : mantissa / TENS[end - point - 1];
  return negative ? -value : value;
}

function parseAny(buf: Uint8Array, start: number, end: number): number | undefined {
  const text = scanFloat(buf, start, end);
  if (text === undefined) return undefined;
  let value: number;
  if (text.infinite) {
    value = Infinity;
  } else if (text.digits === "") {
    value = 0;
  } else {
    value = text.radix === 16
      ? fromHex(text.digits, text.scale)
      : Number(`${text.digits}e${text.scale}`);
    // Overflow and underflow to zero: strtod reports ERANGE and Redis refuses.
    if (value === Infinity || value === 0) return undefined;
  }
  return text.negative ? -value : value;
}

/** Hexadecimal digits kept when rounding: more than 53 bits; the rest only matters as "not zero". */
const HEX_DIGITS_MAX = 20;
/** The exponent of the smallest denormal double. */
const DENORMAL_EXPONENT = -1074;
/** Past this binary exponent every hexadecimal text of up to 20 digits overflows. */
const BINARY_EXPONENT_MAX = 1024;

/** `digits * 2^scale`, rounded to the nearest double, ties to even. */
function fromHex(digits: string, scale: number): number {
  const kept = digits.slice(0, HEX_DIGITS_MAX);
  const rest = digits.slice(HEX_DIGITS_MAX);
  const sticky = /[^0]/.test(rest) ? 1n : 0n;
  const exponent = scale + 4 * rest.length - 1;
  if (exponent > BINARY_EXPONENT_MAX) return Infinity;
  const significand = BigInt("0x" + kept) << 1n | sticky;
  const length = significand.toString(2).length;
  const unit = Math.max(exponent + length - 53, DENORMAL_EXPONENT);
  const drop = unit - exponent;
  if (drop > length + 1) return 0;
  // Nothing to round: the significand is an exact double and scaling by 2^exponent is exact.
  if (drop <= 0) return scaleExactly(Number(significand), exponent);
  const half = 1n << BigInt(drop - 1);
  let rounded = significand >> BigInt(drop);
  const tail = significand & (2n * half - 1n);
  if (tail > half || (tail === half && (rounded & 1n) === 1n)) rounded++;
  return scaleExactly(Number(rounded), unit);
}

/** `x * 2^exponent` in two steps, neither of which rounds while the result is a double. */
function scaleExactly(x: number, exponent: number): number {
  const first = Math.trunc(exponent / 2);
  return x * 2 ** first * 2 ** (exponent - first);
}
