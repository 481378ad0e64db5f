/** What a command gathers before it replies, where an object for each value would cost too much. */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../memory/bytes.ts";

const BYTES_MIN = 1024;
const COUNT_MIN = 64;
/** Memory for more than this is given back after use. */
const KEPT_BYTES_MAX = 1 << 18;
const KEPT_COUNT_MAX = 1 << 14;

/** Runs of bytes one after another, in memory that is used again. */
export class ByteList {
  /** Run `i` is `bytes[start(i) .. end(i))`. */
  bytes: Buffer = newBytes(BYTES_MIN);
  /** How many runs there are. */
  count = 0;
  /** Where each run ends. */
  #ends = new Float64Array(COUNT_MIN);

  /** Begins with no runs. */
  clear(): void {
    this.count = 0;
  }

  /** Begins with no runs, and gives memory back if it is much. */
  release(): void {
    this.count = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = newBytes(BYTES_MIN);
    if (this.#ends.length > KEPT_COUNT_MAX) this.#ends = new Float64Array(COUNT_MIN);
  }

  /** Adds a copy of `buf[start .. end)`. */
  push(buf: Uint8Array, start: number, end: number): void {
    const at = this.start(this.count);
    const length = at + end - start;
    if (length > this.bytes.length || this.count === this.#ends.length) this.#grow(length);
    copyBytes(buf, start, end, this.bytes, at);
    this.#ends[this.count++] = length;
  }

  /** Offset of the first byte of run `i`. */
  start(i: number): number {
    return i === 0 ? 0 : this.#ends[i - 1];
  }

  /** Offset past the last byte of run `i`. */
  end(i: number): number {
    return this.#ends[i];
  }

  /** Makes room for another run, and for `length` bytes in all. */
  #grow(length: number): void {
    if (length > this.bytes.length) {
      const grown = newBytes(Math.max(length, this.bytes.length * 2));
      copyBytes(this.bytes, 0, this.start(this.count), grown, 0);
      this.bytes = grown;
    }
    if (this.count === this.#ends.length) {
      const ends = new Float64Array(this.count * 2);
      ends.set(this.#ends);
      this.#ends = ends;
    }
  }
}
