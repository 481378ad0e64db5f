/** The elements of a value that is being read, before anything is stored: bytes one behind another. */

import { Buffer } from "node:buffer";
import { copyBytes, equalBytes } from "../../memory/bytes.ts";
import { hashBytes, type HashSeed } from "../../memory/hash.ts";
import { RdbError } from "./error.ts";

const BYTES_MIN = 1024;
const COUNT_MIN = 64;
/** A value with more bytes than this is refused. */
const BYTES_MAX = 2 ** 31 - 1;

/** A sequence of byte strings; element `i` is `bytes[start(i) .. end(i))`. */
export class Elements {
  /** Holds all elements. */
  bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_MIN);
  /** How many there are. */
  count = 0;
  #ends = new Uint32Array(COUNT_MIN);
  #length = 0;

  /** Offset of the first byte of element `i`. */
  start(i: number): number {
    return i === 0 ? 0 : this.#ends[i - 1];
  }

  /** Offset past the last byte of element `i`. */
  end(i: number): number {
    return this.#ends[i];
  }

  /** Element `i` as text, one character a byte. */
  text(i: number): string {
    return this.bytes.toString("latin1", this.start(i), this.end(i));
  }

  /** Adds `buf[start .. end)`. */
  push(buf: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > BYTES_MAX) throw new RdbError("a value is too large", 0);
    if (length > this.bytes.length) {
      const size = Math.min(Math.max(length, 2 * this.bytes.length), BYTES_MAX);
      const grown = Buffer.allocUnsafeSlow(size);
      grown.set(this.bytes.subarray(0, this.#length));
      this.bytes = grown;
    }
    if (this.count === this.#ends.length) {
      const wider = new Uint32Array(2 * this.count);
      wider.set(this.#ends);
      this.#ends = wider;
    }
    copyBytes(buf, start, end, this.bytes, this.#length);
    this.#length = length;
    this.#ends[this.count++] = length;
  }

  /** Whether no two of the elements 0, stride, 2 * stride ... are the same. O(N) whatever they are. */
  areDistinct(stride: number, seed: HashSeed): boolean {
    const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * this.count / stride + 2)));
    for (let i = 0; i < this.count; i += stride) {
      const hash = hashBytes(seed, this.bytes, this.start(i), this.end(i));
      let slot = hash & (table.length - 1);
      for (; table[slot] !== 0; slot = (slot + 1) & (table.length - 1)) {
        if (this.#same(i, table[slot] - 1)) return false;
      }
      table[slot] = i + 1;
    }
    return true;
  }

  #same(a: number, b: number): boolean {
    const length = this.end(a) - this.start(a);
    return this.end(b) - this.start(b) === length &&
      equalBytes(this.bytes, this.start(a), this.bytes, this.start(b), length);
  }
}
