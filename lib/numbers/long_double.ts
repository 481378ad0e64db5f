/**
 * The 80-bit long doubles of x86 (64-bit significand), for INCRBYFLOAT, HINCRBYFLOAT and positions.
 *
 * Redis computes these commands in C's `long double` and prints `%.17Lf` with the trailing zeros cut,
 * so 8785.89 + 21.63 is 8807.51999999999999957 there. A Number cannot say that; here a value is an
 * integer times a power of two, and every operation rounds once, to the nearest, ties to even.
 *
 * Promise: sums and texts are those of Redis on x86-64, byte for byte.
 */

import { scanFloat } from "./float_text.ts";

/** `significand * 2^exponent`; an infinity has the exponent Infinity and the significand 1 or -1. */
export interface LongDouble {
  /** Signed, less than 2^64 in magnitude. */
  readonly significand: bigint;
  /** The power of two. */
  readonly exponent: number;
}

/** Bits of the significand. */
const PRECISION = 64;
/** The exponent of the smallest denormal. */
const EXPONENT_MIN = -16445;
/** Values from 2^16384 on are infinite. */
const MAGNITUDE_MAX = 16384;
/** Redis copies the text to a buffer of this size, with its terminator. */
const TEXT_LENGTH_MAX = 5 * 1024 - 1;
/** Past 10^this or below 10^-this the format overflows or underflows whatever the digits are. */
const DECIMAL_EXPONENT_LIMIT = 5000;
/** Decimals of `%.17Lf`. */
const DECIMALS = 17;

/**
 * Reads a long double as Redis does: see {@linkcode scanFloat} for the texts; overflow, underflow to
 * zero and texts of 5 KiB or more are refused.
 *
 * @returns the nearest long double, or undefined where Redis says "value is not a valid float".
 */
export function parseLongDouble(
  buf: Uint8Array,
  start: number,
  end: number,
): LongDouble | undefined {
  if (end - start > TEXT_LENGTH_MAX) return undefined;
  const text = scanFloat(buf, start, end);
  if (text === undefined) return undefined;
  const sign = text.negative ? -1n : 1n;
  if (text.infinite) return { significand: sign, exponent: Infinity };
  if (text.digits === "") return { significand: 0n, exponent: 0 };

  let value: LongDouble | undefined;
  if (text.radix === 16) {
    if (Math.abs(text.scale) > 2 * MAGNITUDE_MAX + 4 * TEXT_LENGTH_MAX) return undefined;
    value = round(BigInt("0x" + text.digits), text.scale, false);
  } else {
    const magnitude = text.digits.length + text.scale;
    if (Math.abs(magnitude) > DECIMAL_EXPONENT_LIMIT) return undefined;
    value = roundDecimal(BigInt(text.digits), text.scale);
  }
  if (value === undefined || value.significand === 0n) return undefined;
  return { significand: sign * value.significand, exponent: value.exponent };
}

/** The long double equal to a finite Number: every double is one exactly. */
export function longDoubleFromNumber(x: number): LongDouble {
  if (!Number.isFinite(x)) throw new RangeError("not a finite number");
  if (x === 0) return { significand: 0n, exponent: 0 };
  bits.setFloat64(0, x);
  const field = bits.getUint16(0) >> 4 & 0x7ff;
  const fraction = bits.getBigUint64(0) & (1n << 52n) - 1n;
  const significand = field === 0 ? fraction : fraction | 1n << 52n;
  return { significand: x < 0 ? -significand : significand, exponent: Math.max(field, 1) - 1075 };
}

const bits = new DataView(new ArrayBuffer(8));

/** The sum, rounded once; undefined where Redis says "increment would produce NaN or Infinity". */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (a.exponent === Infinity || b.exponent === Infinity) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.significand << BigInt(a.exponent - exponent)) +
    (b.significand << BigInt(b.exponent - exponent));
  const magnitude = round(sum < 0n ? -sum : sum, exponent, false);
  if (magnitude === undefined || sum >= 0n) return magnitude;
  return { significand: -magnitude.significand, exponent: magnitude.exponent };
}

/** The text Redis prints for people: `%.17Lf` without trailing zeros; zero never has a sign. */
export function formatLongDouble(value: LongDouble): string {
  const negative = value.significand < 0n;
  const magnitude = negative ? -value.significand : value.significand;
  if (value.exponent === Infinity) return negative ? "-inf" : "inf";
  const scaled = magnitude * 10n ** BigInt(DECIMALS);
  const rounded = value.exponent >= 0
    ? scaled << BigInt(value.exponent)
    : shiftHalfEven(scaled, -value.exponent, false);
  if (rounded === 0n) return "0";
  const digits = rounded.toString().padStart(DECIMALS + 1, "0");
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, "");
  const text = digits.slice(0, -DECIMALS) + (fraction === "" ? "" : "." + fraction);
  return negative ? "-" + text : text;
}

/** `digits * 10^scale`, rounded. */
function roundDecimal(digits: bigint, scale: number): LongDouble | undefined {
  if (scale >= 0) return round(digits * 10n ** BigInt(scale), 0, false);
  const divisor = 10n ** BigInt(-scale);
  // The quotient has at least two bits more than the format holds; the remainder only says "more".
  const shift = Math.max(0, bitLength(divisor) - bitLength(digits) + PRECISION + 2);
  const dividend = digits << BigInt(shift);
  return round(dividend / divisor, -shift, dividend % divisor !== 0n);
}

/**
 * `magnitude * 2^exponent` as a long double, or undefined where it overflows. `sticky` says that the
 * true value is a little more than that (by less than one unit of `magnitude`).
 */
function round(magnitude: bigint, exponent: number, sticky: boolean): LongDouble | undefined {
  if (magnitude === 0n) return { significand: 0n, exponent: 0 };
  const unit = Math.max(exponent + bitLength(magnitude) - PRECISION, EXPONENT_MIN);
  const drop = unit - exponent;
  const significand = drop > 0 ? shiftHalfEven(magnitude, drop, sticky) : magnitude;
  const at = drop > 0 ? unit : exponent;
  if (at + bitLength(significand) > MAGNITUDE_MAX) return undefined;
  return { significand, exponent: at };
}

/** `magnitude / 2^count`, rounded to the nearest integer, ties to even. */
function shiftHalfEven(magnitude: bigint, count: number, sticky: boolean): bigint {
  const half = 1n << BigInt(count - 1);
  const quotient = magnitude >> BigInt(count);
  const tail = magnitude & (2n * half - 1n);
  const up = tail > half || (tail === half && (sticky || (quotient & 1n) === 1n));
  return up ? quotient + 1n : quotient;
}

function bitLength(magnitude: bigint): number {
  if (magnitude === 0n) return 0;
  const hex = magnitude.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(parseInt(hex[0], 16)));
}
