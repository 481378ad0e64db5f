/**
 * Signed 64-bit integers as Redis reads, adds and prints them.
 *
 * A value is a Number while it is safe (|x| <= 2^53 - 1) and a bigint only past that, so that the
 * ordinary counter never leaves V8's fast path. Promise: every result is normalised this way - two
 * equal integers are always represented alike, and `-0` never appears.
 */

/** A signed 64-bit integer: a Number while it is safe, a bigint past that. */
export type Int64 = number | bigint;

/** The smallest signed 64-bit integer. */
export const INT64_MIN: bigint = -(2n ** 63n);
/** The largest signed 64-bit integer. */
export const INT64_MAX: bigint = 2n ** 63n - 1n;
/** Bytes of the longest decimal form, `-9223372036854775808`. */
export const INT64_LENGTH_MAX = 20;

const ZERO = 0x30;
const MINUS = 0x2d;
/** Any number of this many digits is below 2^53. */
const SAFE_DIGITS = 15;
const INT32_MAX = 0x7fffffff;
/** Safe integers have at most an int32 of these. */
const BILLION = 1e9;
const BILLION_DIGITS = 9;

/**
 * Reads a decimal integer as strictly as Redis does: no space, no plus sign, no leading zero, no
 * `-0`, nothing after the digits, within 64 bits.
 *
 * @returns the integer, or undefined where Redis says "value is not an integer or out of range".
 */
export function parseInt64(buf: Uint8Array, start: number, end: number): Int64 | undefined {
  let at = start;
  const negative = at < end && buf[at] === MINUS;
  if (negative) at++;
  const digits = end - at;
  if (digits <= 0 || digits > 19) return undefined;
  let digit = buf[at] - ZERO;
  if (digit === 0) return digits === 1 && !negative ? 0 : undefined;
  let value = 0;
  if (digits > SAFE_DIGITS) return parseLong(buf, at, end, negative);
  for (; at < end; at++) {
    digit = buf[at] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** The 16 to 19 digits at `at..end`: two safe halves, joined as bigints. */
function parseLong(buf: Uint8Array, at: number, end: number, negative: boolean): Int64 | undefined {
  const split = end - 9;
  let high = 0;
  let low = 0;
  for (let i = at; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    if (i < split) high = high * 10 + digit;
    else low = low * 10 + digit;
  }
  const magnitude = BigInt(high) * 1_000_000_000n + BigInt(low);
  return normalizeInt64(negative ? -magnitude : magnitude);
}

/** The normal form of an integer, or undefined where it does not fit in 64 bits. */
export function normalizeInt64(value: bigint): Int64 | undefined {
  if (value < INT64_MIN || value > INT64_MAX) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * The sum of two integers, or undefined where it overflows 64 bits. The operands themselves may lie
 * outside: `addInt64(a, -b)` subtracts correctly even when `b` is the smallest int64.
 */
export function addInt64(a: Int64, b: Int64): Int64 | undefined {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    // Both are safe, so a sum that reads as safe is exact. `+ 0` turns -0 + -0 into 0.
    if (Number.isSafeInteger(sum)) return sum + 0;
  }
  return normalizeInt64(BigInt(a) + BigInt(b));
}

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
export function compareInt64(a: Int64, b: Int64): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The digits of 00 to 99. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => {
  const pair = i >>> 1;
  return ZERO + (i % 2 === 0 ? Math.floor(pair / 10) : pair % 10);
});

/** How many bytes the decimal form takes. */
export function int64Length(value: Int64): number {
  if (typeof value === "bigint") return value.toString().length;
  let length = 1;
  let rest = value;
  if (value < 0) {
    length = 2;
    rest = -value;
  }
  for (let bound = 10; rest >= bound; bound *= 10) length++;
  return length;
}

/**
 * Writes the decimal ASCII form of a safe integer at `at`; the caller has made room for it.
 *
 * @returns the offset after the last byte written.
 */
export function writeInt(buf: Uint8Array, at: number, value: number): number {
  let rest = value;
  if (rest < 0) {
    buf[at++] = MINUS;
    rest = -rest;
  }
  if (rest < 10) {
    buf[at] = ZERO + rest;
    return at + 1;
  }
  if (rest <= INT32_MAX) return writeInt32(buf, at, rest);
  const low = rest % BILLION; // exact, as is the quotient of what is left
  at = writeInt32(buf, at, (rest - low) / BILLION);
  fillDigits(buf, at, at + BILLION_DIGITS, low);
  return at + BILLION_DIGITS;
}

/** Writes an int32 that is not negative. */
function writeInt32(buf: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let bound = 10; digits < 10 && value >= bound; bound = Math.imul(bound, 10)) digits++;
  fillDigits(buf, at, at + digits, value);
  return at + digits;
}

/** Writes the last digits of an int32 (not negative) to `buf[from .. to)`, two at a time. */
export function fillDigits(buf: Uint8Array, from: number, to: number, value: number): void {
  while (to - from >= 2) {
    const high = (value / 100) | 0;
    const pair = (value - high * 100) * 2;
    buf[to - 1] = PAIRS[pair + 1];
    buf[to -= 2] = PAIRS[pair];
    value = high;
  }
  if (to > from) buf[from] = ZERO + value;
}

/** `writeInt` for the whole range of 64 bits. */
export function writeInt64(buf: Uint8Array, at: number, value: Int64): number {
  if (typeof value === "number") return writeInt(buf, at, value);
  const text = value.toString();
  for (let i = 0; i < text.length; i++) buf[at + i] = text.charCodeAt(i);
  return at + text.length;
}
