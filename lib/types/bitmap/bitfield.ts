/**
 * Integers of 1 to 64 bits anywhere in a run of bytes, as BITFIELD reads and writes them: big-endian,
 * at any bit. What lies behind the end of the run reads as zero.
 */

import { type Int64, INT64_MAX, normalizeInt64 } from "../../numbers/int64.ts";

/** A type such as `i16` or `u8`. */
export interface FieldType {
  readonly signed: boolean;
  /** 1 to 64, unsigned to 63. */
  readonly bits: number;
}

/** What becomes of a value that does not fit. */
export type Overflow = "wrap" | "sat" | "fail";

/** Integers of so many bits are read and written as one Number. */
const NUMBER_BITS_MAX = 53;
const LOW_BITS = 32;
/** Up to here sums are exact and are wrapped as Numbers. */
const PLAIN_BITS_MAX = 48;
const PLAIN_MAX = 2 ** PLAIN_BITS_MAX;

/** The field at bit `offset` of `bytes[start .. end)`. */
export function readField(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  { signed, bits }: FieldType,
): Int64 {
  if (bits <= NUMBER_BITS_MAX) {
    const value = readBits(bytes, start, end, offset, bits);
    return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  const high = readBits(bytes, start, end, offset, bits - LOW_BITS);
  const low = readBits(bytes, start, end, offset + bits - LOW_BITS, LOW_BITS);
  const value = (BigInt(high) << BigInt(LOW_BITS)) | BigInt(low);
  return normalizeInt64(signed ? BigInt.asIntN(bits, value) : value)!;
}

/** Writes a field, which must lie within the run and whose value must fit. */
export function writeField(
  bytes: Uint8Array,
  start: number,
  offset: number,
  { bits }: FieldType,
  value: Int64,
): void {
  if (bits <= NUMBER_BITS_MAX) {
    const number = Number(value);
    writeBits(bytes, start, offset, bits, number < 0 ? number + 2 ** bits : number);
    return;
  }
  const unsigned = BigInt.asUintN(bits, BigInt(value));
  const low = Number(BigInt.asUintN(LOW_BITS, unsigned));
  writeBits(bytes, start, offset, bits - LOW_BITS, Number(unsigned >> BigInt(LOW_BITS)));
  writeBits(bytes, start, offset + bits - LOW_BITS, LOW_BITS, low);
}

/**
 * `value + increment` as a value of the type: wrapped or brought to the nearest limit where it does
 * not fit, or undefined with `fail`. An unsigned type takes a negative `value` for one past 2^63.
 */
export function addToField(
  value: Int64,
  increment: Int64,
  type: FieldType,
  overflow: Overflow,
): Int64 | undefined {
  const { signed, bits } = type;
  if (
    bits <= PLAIN_BITS_MAX && value <= PLAIN_MAX && increment <= PLAIN_MAX &&
    increment >= -PLAIN_MAX && value >= (signed ? -PLAIN_MAX : 0)
  ) {
    return fit(Number(value) + Number(increment), type, overflow);
  }
  const start = signed ? BigInt(value) : BigInt.asUintN(64, BigInt(value));
  return fitBig(start, BigInt(increment), type, overflow);
}

function fit(sum: number, { signed, bits }: FieldType, overflow: Overflow): number | undefined {
  const span = 2 ** bits;
  const min = signed ? -span / 2 : 0;
  const max = min + span - 1;
  if (sum >= min && sum <= max) return sum;
  if (overflow === "fail") return undefined;
  if (overflow === "sat") return sum < min ? min : max;
  return sum - Math.floor((sum - min) / span) * span;
}

function fitBig(
  value: bigint,
  increment: bigint,
  { signed, bits }: FieldType,
  overflow: Overflow,
): Int64 | undefined {
  const sum = value + increment;
  const span = 1n << BigInt(bits);
  const min = signed ? -span / 2n : 0n;
  const max = min + span - 1n;
  if (sum >= min && sum <= max) return normalizeInt64(sum);
  if (overflow === "fail") return undefined;
  if (overflow === "sat") {
    // Redis takes the room below the upper limit in 64 bits: from far below, it comes out negative.
    const seemsAbove = sum > max || (signed && bits < 64 && max - value > INT64_MAX);
    return normalizeInt64(seemsAbove ? max : min);
  }
  return normalizeInt64(signed ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum));
}

/** Up to 53 bits from bit `offset` on, the first one the highest. */
function readBits(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  bits: number,
): number {
  let at = start + Math.floor(offset / 8);
  let skip = offset % 8;
  let value = 0;
  for (let left = bits; left > 0; at++) {
    const taken = Math.min(8 - skip, left);
    const byte = at < end ? bytes[at] : 0;
    const part = (byte >>> (8 - skip - taken)) & ((1 << taken) - 1);
    value = value * (1 << taken) + part;
    left -= taken;
    skip = 0;
  }
  return value;
}

/** Writes up to 53 bits from bit `offset` on: the inverse of {@linkcode readBits}. */
function writeBits(
  bytes: Uint8Array,
  start: number,
  offset: number,
  bits: number,
  value: number,
): void {
  const last = offset + bits - 1;
  let at = start + Math.floor(last / 8);
  let shift = 7 - last % 8;
  let rest = value;
  for (let left = bits; left > 0; at--) {
    const taken = Math.min(8 - shift, left);
    const span = 1 << taken;
    const part = rest % span;
    bytes[at] = (bytes[at] & ~((span - 1) << shift)) | (part << shift);
    rest = Math.floor(rest / span);
    left -= taken;
    shift = 0;
  }
}
