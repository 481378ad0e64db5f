/**
 * What INCRBYFLOAT and HINCRBYFLOAT do: read two texts, add, and print the sum.
 *
 * Promise: sum and text are those of long_double.ts, whose integers of any length cost 2 us. Numbers
 * of the usual size go through fixed_float.ts, which is exact as well.
 */

import { Buffer } from "node:buffer";
import { newBytes } from "../memory/bytes.ts";
import { FIXED_FLOAT_LENGTH_MAX, FixedFloat } from "./fixed_float.ts";
import {
  addLongDouble,
  formatLongDouble,
  type LongDouble,
  parseLongDouble,
} from "./long_double.ts";

/** The text is no float. */
export const NOT_A_FLOAT = -1;
/** The sum is infinite, or one of the two is. */
export const NOT_FINITE = -2;

/** One object serves all commands, one after another. */
export class FloatIncrement {
  /** The sum's text, from 0 on; valid until the next call. */
  text: Uint8Array;
  /** Whether the increment is an infinity. */
  isInfinite = false;

  readonly #fixed = new FixedFloat();
  readonly #before = new FixedFloat();
  readonly #sum = new FixedFloat();
  readonly #fixedText = newBytes(FIXED_FLOAT_LENGTH_MAX);
  /** The increment, where it is not in the register. */
  #large: LongDouble | undefined;

  constructor() {
    this.text = this.#fixedText;
  }

  /** Reads the increment; returns whether it is a float. */
  read(buf: Uint8Array, start: number, end: number): boolean {
    this.isInfinite = false;
    this.#large = undefined;
    if (this.#fixed.read(buf, start, end)) return true;
    this.#large = parseLongDouble(buf, start, end);
    this.isInfinite = this.#large?.exponent === Infinity;
    return this.#large !== undefined;
  }

  /**
   * Adds the increment to `buf[start .. end)`.
   *
   * @returns how many bytes of {@linkcode FloatIncrement.text} are the sum, {@linkcode NOT_A_FLOAT} or
   *   {@linkcode NOT_FINITE}.
   */
  addTo(buf: Uint8Array, start: number, end: number): number {
    if (this.#large === undefined && this.#before.read(buf, start, end)) {
      this.text = this.#fixedText;
      this.#sum.setSum(this.#before, this.#fixed);
      return this.#sum.write(this.text, 0);
    }
    const before = parseLongDouble(buf, start, end);
    if (before === undefined) return NOT_A_FLOAT;
    const sum = addLongDouble(before, this.#large ?? this.#fixed.toLongDouble());
    if (sum === undefined) return NOT_FINITE;
    this.text = Buffer.from(formatLongDouble(sum), "latin1");
    return this.text.length;
  }
}
