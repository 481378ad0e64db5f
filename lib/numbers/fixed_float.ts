/**
 * Long doubles of the usual size without BigInt: an integer part and 83 bits of fraction.
 *
 * A long double has 64 significant bits. From 2^-19 on the last of them stands for 2^-82 or more, so
 * such a value is a multiple of 2^-83, and so are sums of two of them. The fraction is kept in four
 * limbs, of 17, 22, 22 and 22 bits: 10^17 is 2^17 * 5^17, so the first is what 5^17 divides of the
 * decimals, and a limb times 10^9 is still a safe integer.
 *
 * Promise: wherever `read` says true, sum and text are to the last digit those of long_double.ts.
 * All arithmetic is on integers below 2^53, where a Number is exact and so is the floor of a
 * quotient: with a dividend below 2^53, no quotient below an integer n comes so near it that it is
 * rounded to n.
 */

import { fillDigits, writeInt } from "./int64.ts";
import type { LongDouble } from "./long_double.ts";

/** Room for the longest text of {@linkcode FixedFloat.write}: sign, 16 digits, point, 17 digits. */
export const FIXED_FLOAT_LENGTH_MAX = 35;

/** Integer parts of so many digits are read: sums are then far below 2^53, and have 13 bits left. */
const WHOLE_DIGITS_MAX = 15;
/** Decimals that are read and printed, in two halves. */
const DECIMALS = 17;
const HIGH_DIGITS = 9;
const LOW_DIGITS = 8;
/** The powers of ten up to 10^HIGH_DIGITS. */
const TENS = Float64Array.from({ length: HIGH_DIGITS + 1 }, (_, i) => 10 ** i);
const HIGH_BASE = 1e9;
const LOW_BASE = 1e8;
/** Four digits at a time: a remainder of 5^17 times this is below 2^53. */
const DIVISION_BASE = 1e4;
const FIVES = 5 ** DECIMALS;

/** Bits of the significand. */
const PRECISION = 64;
/** Limbs of the fraction. */
const LIMBS = 4;
const FIRST_BITS = 17;
const LIMB_BITS = 22;
/** Bits of the fraction up to the end of each limb. */
const END = Int32Array.of(17, 39, 61, 83);
const FIRST_BASE = 2 ** FIRST_BITS;
const LIMB_BASE = 2 ** LIMB_BITS;
/** Half of a limb's bits, all that a remainder of 5^17 can be multiplied by at once. */
const HALF_LIMB_BASE = 2 ** (LIMB_BITS / 2);
/** In the second limb: 2^-19, the smallest value that is read. */
const SMALLEST = 2 ** 20;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** A register that holds one value. It holds zero at first. */
export class FixedFloat {
  #negative = false;
  #whole = 0;
  readonly #limbs = new Int32Array(LIMBS);

  /**
   * Reads a decimal number without exponent, of up to 15 digits and 17 decimals, zero or 2^-19 and
   * more in magnitude, as the nearest long double.
   *
   * @returns whether the text is such a number; if not, the register holds nothing of use.
   */
  read(buf: Uint8Array, start: number, end: number): boolean {
    if (start >= end) return false;
    let at = start;
    const negative = buf[at] === MINUS;
    if (negative) at++;
    const stop = Math.min(end, at + WHOLE_DIGITS_MAX);
    const from = at;
    let whole = 0;
    for (; at < stop; at++) {
      const digit = buf[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      whole = whole * 10 + digit;
    }
    let digits = at - from;
    if (at < end) {
      if (buf[at++] !== POINT) return false;
      digits += end - at;
    }
    if (digits === 0) return false;
    this.#negative = negative;
    this.#whole = whole;
    return this.#readFraction(buf, at, end);
  }

  #readFraction(buf: Uint8Array, start: number, end: number): boolean {
    if (end - start > DECIMALS) return false;
    const middle = Math.min(end, start + HIGH_DIGITS);
    let high = 0;
    let low = 0;
    for (let i = start; i < middle; i++) {
      const digit = buf[i] - ZERO;
      if (digit < 0 || digit > 9) return false;
      high = high * 10 + digit;
    }
    for (let i = middle; i < end; i++) {
      const digit = buf[i] - ZERO;
      if (digit < 0 || digit > 9) return false;
      low = low * 10 + digit;
    }
    if (high === 0 && low === 0) {
      this.#limbs.fill(0);
      return true;
    }
    const inexact = this.#setDecimals(
      high * TENS[HIGH_DIGITS - (middle - start)],
      low * TENS[LOW_DIGITS - (end - middle)],
    );
    const limbs = this.#limbs;
    if (this.#whole === 0 && limbs[0] === 0 && limbs[1] < SMALLEST) return false;
    this.#round(inexact);
    return true;
  }

  /** Sets the limbs to 9 and 8 decimals; returns whether something is left behind the last bit. */
  #setDecimals(high: number, low: number): boolean {
    const limbs = this.#limbs;
    const lowHigh = Math.floor(low / DIVISION_BASE);
    let dividend = high * DIVISION_BASE + lowHigh;
    const first = Math.floor(dividend / FIVES);
    dividend = (dividend - first * FIVES) * DIVISION_BASE + (low - lowHigh * DIVISION_BASE);
    const second = Math.floor(dividend / FIVES);
    limbs[0] = first * DIVISION_BASE + second;

    let rest = dividend - second * FIVES;
    for (let k = 1; k < LIMBS; k++) {
      rest *= HALF_LIMB_BASE;
      const upper = Math.floor(rest / FIVES);
      rest = (rest - upper * FIVES) * HALF_LIMB_BASE;
      const lower = Math.floor(rest / FIVES);
      rest -= lower * FIVES;
      limbs[k] = upper * HALF_LIMB_BASE + lower;
    }
    return rest !== 0;
  }

  /** Rounds to 64 significant bits, ties to even. `inexact`: the true value is a little more. */
  #round(inexact: boolean): void {
    const limbs = this.#limbs;
    const keep = this.#bitsKept();
    if (keep >= END[LIMBS - 1]) return;
    let k = 0;
    while (END[k] <= keep) k++;
    const unit = 1 << (END[k] - keep);
    const tail = limbs[k] & (unit - 1);
    const up = tail === unit >> 1
      ? inexact || this.#anyAfter(k) || this.#isOdd(k, unit)
      : tail > unit >> 1;
    limbs[k] += (up ? unit : 0) - tail;
    for (let i = k + 1; i < LIMBS; i++) limbs[i] = 0;
    if (up) this.#carry(k);
  }

  /** How many bits of the fraction belong to the 64 significant ones; more than 83: all. */
  #bitsKept(): number {
    const whole = this.#whole;
    if (whole >= 2 ** 32) return Math.clz32(whole / 2 ** 32);
    if (whole > 0) return PRECISION / 2 + Math.clz32(whole);
    const first = this.#limbs[0];
    const zeros = first > 0
      ? Math.clz32(first) - (32 - FIRST_BITS)
      : FIRST_BITS + Math.clz32(this.#limbs[1]) - (32 - LIMB_BITS);
    return PRECISION + zeros;
  }

  #anyAfter(k: number): boolean {
    for (let i = k + 1; i < LIMBS; i++) if (this.#limbs[i] !== 0) return true;
    return false;
  }

  /** Whether the last bit kept is one; it is the last of the limb before where `unit` is all of it. */
  #isOdd(k: number, unit: number): boolean {
    const last = unit === LIMB_BASE ? this.#limbs[k - 1] & 1 : this.#limbs[k] & unit;
    return last !== 0;
  }

  /** Hands on what limb `k` holds too much. */
  #carry(k: number): void {
    const limbs = this.#limbs;
    for (; k > 0 && limbs[k] >= LIMB_BASE; k--) {
      limbs[k] -= LIMB_BASE;
      limbs[k - 1]++;
    }
    if (k === 0 && limbs[0] >= FIRST_BASE) {
      limbs[0] -= FIRST_BASE;
      this.#whole++;
    }
  }

  /** Becomes the sum of two values as they were read, rounded once. */
  setSum(a: FixedFloat, b: FixedFloat): void {
    if (a.#negative === b.#negative) this.#combine(a, b, 1);
    else if (a.#isBelow(b)) this.#combine(b, a, -1);
    else this.#combine(a, b, -1);
    this.#round(false);
  }

  /** The sign of `a`, and its magnitude plus or minus that of `b`, which is then not larger. */
  #combine(a: FixedFloat, b: FixedFloat, sign: 1 | -1): void {
    const limbs = this.#limbs;
    let carry = 0;
    for (let k = LIMBS - 1; k > 0; k--) {
      const sum = a.#limbs[k] + sign * b.#limbs[k] + carry;
      carry = sum >> LIMB_BITS; // -1, 0 or 1
      limbs[k] = sum & (LIMB_BASE - 1);
    }
    const first = a.#limbs[0] + sign * b.#limbs[0] + carry;
    limbs[0] = first & (FIRST_BASE - 1);
    this.#whole = a.#whole + sign * b.#whole + (first >> FIRST_BITS);
    this.#negative = a.#negative;
  }

  /** Whether the magnitude is below that of `other`. */
  #isBelow(other: FixedFloat): boolean {
    if (this.#whole !== other.#whole) return this.#whole < other.#whole;
    let k = 0;
    while (k < LIMBS - 1 && this.#limbs[k] === other.#limbs[k]) k++;
    return this.#limbs[k] < other.#limbs[k];
  }

  /**
   * Writes `%.17Lf` without trailing zeros; zero never has a sign. The value is gone then.
   *
   * @returns the offset after the text: `at` + {@linkcode FIXED_FLOAT_LENGTH_MAX} at most.
   */
  write(out: Uint8Array, at: number): number {
    let high = this.#takeDecimals(HIGH_BASE);
    let low = this.#takeDecimals(LOW_BASE);
    let whole = this.#whole;
    if (this.#restRoundsUp(low) && ++low === LOW_BASE) {
      low = 0;
      if (++high === HIGH_BASE) {
        high = 0;
        whole++;
      }
    }
    if (this.#negative && (whole !== 0 || high !== 0 || low !== 0)) out[at++] = MINUS;
    at = writeInt(out, at, whole);
    return high === 0 && low === 0 ? at : writeFraction(out, at, high, low);
  }

  /** Multiplies the fraction; what it has before the point then is cut off and returned. */
  #takeDecimals(base: number): number {
    const limbs = this.#limbs;
    let carry = 0;
    for (let k = LIMBS - 1; k > 0; k--) {
      const product = limbs[k] * base + carry;
      carry = Math.floor(product / LIMB_BASE);
      limbs[k] = product - carry * LIMB_BASE;
    }
    const product = limbs[0] * base + carry;
    const decimals = Math.floor(product / FIRST_BASE);
    limbs[0] = product - decimals * FIRST_BASE;
    return decimals;
  }

  /** Whether what is left of the fraction is more than a half, or one behind an odd `digits`. */
  #restRoundsUp(digits: number): boolean {
    const first = this.#limbs[0];
    if (first !== FIRST_BASE / 2) return first > FIRST_BASE / 2;
    return this.#anyAfter(0) || (digits & 1) === 1;
  }

  /** The same value as a long double (with more zero bits than that has, perhaps). */
  toLongDouble(): LongDouble {
    let significand = BigInt(this.#whole) << BigInt(FIRST_BITS) | BigInt(this.#limbs[0]);
    for (let k = 1; k < LIMBS; k++) {
      significand = significand << BigInt(LIMB_BITS) | BigInt(this.#limbs[k]);
    }
    return { significand: this.#negative ? -significand : significand, exponent: -END[LIMBS - 1] };
  }
}

/** Point and decimals without the zeros at their end; not all of them are zero. */
function writeFraction(out: Uint8Array, at: number, high: number, low: number): number {
  out[at++] = POINT;
  fillDigits(out, at, at + HIGH_DIGITS, high);
  at += HIGH_DIGITS;
  if (low !== 0) {
    fillDigits(out, at, at + LOW_DIGITS, low);
    at += LOW_DIGITS;
  }
  while (out[at - 1] === ZERO) at--;
  return at;
}
