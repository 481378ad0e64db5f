/**
 * The two halves of a stream ID, and the counters of streams: unsigned 64-bit integers.
 *
 * A value is a Number while it is safe (<= 2^53 - 1) and a bigint only past that, so that times and
 * sequence numbers of real life never leave V8's fast path. Promise: results are normalised this
 * way - equal values are represented alike, so `===` and `<` work on them directly.
 */

import { parseInt64 } from "../../numbers/int64.ts";

/** An unsigned 64-bit integer: a Number while it is safe, a bigint past that. */
export type Uint64 = number | bigint;

/** The largest one. */
export const UINT64_MAX: bigint = 2n ** 64n - 1n;

const TWO_32 = 0x1_0000_0000;
/** High words from this on stand for values that are not safe. */
const UNSAFE_HIGH = 0x20_0000;

/** The normal form of any integer, modulo 2^64. */
export function toUint64(value: bigint): Uint64 {
  const wrapped = BigInt.asUintN(64, value);
  return wrapped <= Number.MAX_SAFE_INTEGER ? Number(wrapped) : wrapped;
}

/** The normal form of any integer as C's `int64_t` holds it: modulo 2^64, with a sign. */
export function toInt64(value: bigint): number | bigint {
  const wrapped = BigInt.asIntN(64, value);
  const number = Number(wrapped);
  return Number.isSafeInteger(number) ? number : wrapped;
}

/** `value + delta` modulo 2^64; `delta` may be negative. */
export function addUint64(value: Uint64, delta: number | bigint): Uint64 {
  if (typeof value === "number" && typeof delta === "number") {
    const sum = value + delta;
    if (sum >= 0 && sum <= Number.MAX_SAFE_INTEGER) return sum;
  }
  return toUint64(BigInt(value) + BigInt(delta));
}

/** `a - b` as a signed 64-bit integer, modulo 2^64. */
export function differenceInt64(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference + 0; // never -0
  }
  return toInt64(BigInt(a) - BigInt(b));
}

/** `a + b` as a signed 64-bit integer, modulo 2^64. */
export function sumInt64(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum + 0;
  }
  return toInt64(BigInt(a) + BigInt(b));
}

/** The high 32 bits. */
export function highWord(value: Uint64): number {
  return typeof value === "number" ? Math.floor(value / TWO_32) : Number(value >> 32n);
}

/** The low 32 bits. */
export function lowWord(value: Uint64): number {
  return typeof value === "number" ? value >>> 0 : Number(value & 0xffffffffn);
}

/** The value of two 32-bit words. */
export function fromWords(high: number, low: number): Uint64 {
  if (high < UNSAFE_HIGH) return high * TWO_32 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

const SPACE = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;

/**
 * Reads a decimal integer as leniently as Redis reads the parts of an ID (`strtoull`): spaces before
 * it, a sign, leading zeros; what has a minus sign counts from 2^64 down, except that the ordinary
 * form of a negative integer is refused.
 */
export function parseUint64(buf: Uint8Array, start: number, end: number): Uint64 | undefined {
  const strict = parseInt64(buf, start, end);
  if (strict !== undefined) return strict < 0 ? undefined : strict;
  let at = start;
  while (at < end && (buf[at] === SPACE || (buf[at] >= 9 && buf[at] <= 13))) at++;
  const negative = at < end && buf[at] === MINUS;
  if (negative || (at < end && buf[at] === PLUS)) at++;
  if (at === end) return undefined;
  let value = 0n;
  for (; at < end; at++) {
    const digit = buf[at] - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10n + BigInt(digit);
    if (value > UINT64_MAX) return undefined;
  }
  return toUint64(negative ? -value : value);
}
