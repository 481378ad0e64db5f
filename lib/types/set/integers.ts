/**
 * A set of integers as one run of bytes: a width, then the integers in ascending order, each in
 * that many bytes, little-endian.
 *
 *     | 2 | fe ff | 05 00 | e8 03 |          -2, 5, 1000
 *
 * The width is the smallest of 2, 4 and 8 that has held every integer so far; it never shrinks.
 * Promise: a run is sorted and without repetition, so that membership is a binary search.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import type { Int64 } from "../../numbers/int64.ts";

/** Bytes before the first integer: its width. */
export const INTEGERS_HEADER_BYTES = 1;
const WIDTH_MIN = 2;
const TWO_32 = 2 ** 32;

/** Bytes per integer of the run that begins at `from`. */
function widthOf(bytes: Uint8Array, from: number): number {
  const width = bytes[from];
  if (width !== 2 && width !== 4 && width !== 8) throw new Error(`integers: width ${width}`);
  return width;
}

/** The smallest width that holds `value`. */
function widthFor(value: Int64): number {
  if (value >= -0x8000 && value <= 0x7fff) return 2;
  return value >= -0x80000000 && value <= 0x7fffffff ? 4 : 8;
}

function read(bytes: Uint8Array, at: number, width: number): Int64 {
  if (width === 2) return ((bytes[at] | (bytes[at + 1] << 8)) << 16) >> 16;
  const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  if (width === 4) return low;
  const high = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
  const value = high * TWO_32 + (low >>> 0);
  if (Number.isSafeInteger(value)) return value;
  return BigInt(high) * BigInt(TWO_32) + BigInt(low >>> 0);
}

function write(bytes: Uint8Array, at: number, width: number, value: Int64): void {
  let low: number;
  let high = 0;
  if (typeof value === "bigint") {
    low = Number(BigInt.asIntN(32, value));
    high = Number(value >> 32n);
  } else {
    low = value | 0;
    if (width === 8) high = Math.floor(value / TWO_32);
  }
  for (let i = 0; i < width; i++) {
    const word = i < 4 ? low : high;
    bytes[at + i] = word >>> ((i & 3) * 8);
  }
}

/** How many integers the run `bytes[from .. to)` holds. */
export function integersCount(bytes: Uint8Array, from: number, to: number): number {
  return (to - from - INTEGERS_HEADER_BYTES) / widthOf(bytes, from);
}

/** Integer number `i`, in ascending order, of the run that begins at `from`. */
export function integerAt(bytes: Uint8Array, from: number, i: number): Int64 {
  const width = widthOf(bytes, from);
  return read(bytes, from + INTEGERS_HEADER_BYTES + i * width, width);
}

/** Where `value` stands in the run `bytes[from .. to)`; `~i`: it is missing, and belongs before i. */
export function findInteger(bytes: Uint8Array, from: number, to: number, value: Int64): number {
  const width = widthOf(bytes, from);
  const first = from + INTEGERS_HEADER_BYTES;
  let low = 0;
  let high = (to - first) / width - 1;
  // Integers often come in ascending order: look at the end first.
  if (high >= 0 && value > read(bytes, first + high * width, width)) return ~(high + 1);
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = read(bytes, first + middle * width, width);
    if (found === value) return middle;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return ~low;
}

/** Changes a run in a scratch buffer that is used again and again. */
export class IntegersEditor {
  /** The run is `bytes[0 .. length)`. */
  bytes: Buffer = newBytes(256);
  length = 0;

  constructor() {
    this.clear();
  }

  /** How many integers there are. */
  get count(): number {
    return integersCount(this.bytes, 0, this.length);
  }

  /** Begins with an empty run. */
  clear(): void {
    this.bytes[0] = WIDTH_MIN;
    this.length = INTEGERS_HEADER_BYTES;
  }

  /** Begins with a copy of the run `bytes[from .. to)`. */
  load(bytes: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    copyBytes(bytes, from, to, this.bytes, 0);
    this.length = to - from;
  }

  /** Adds an integer; false: it was there. */
  add(value: Int64): boolean {
    const width = widthFor(value);
    if (width > this.bytes[0]) this.#widen(width);
    const found = findInteger(this.bytes, 0, this.length, value);
    if (found >= 0) return false;
    const size = this.bytes[0];
    const at = INTEGERS_HEADER_BYTES + ~found * size;
    this.#reserve(this.length + size);
    if (at < this.length) this.bytes.copyWithin(at + size, at, this.length);
    write(this.bytes, at, size, value);
    this.length += size;
    return true;
  }

  /** Takes an integer out; false: it was not there. */
  remove(value: Int64): boolean {
    const found = findInteger(this.bytes, 0, this.length, value);
    if (found >= 0) this.removeAt(found);
    return found >= 0;
  }

  /** Takes out integer number `i`, in ascending order. */
  removeAt(i: number): void {
    const size = this.bytes[0];
    const at = INTEGERS_HEADER_BYTES + i * size;
    this.bytes.copyWithin(at, at + size, this.length);
    this.length -= size;
  }

  /** Gives every integer `width` bytes, which is more than it has. */
  #widen(width: number): void {
    const old = this.bytes[0];
    const { count } = this;
    this.#reserve(INTEGERS_HEADER_BYTES + count * width);
    for (let i = count - 1; i >= 0; i--) { // from the end: each lands behind where it is read
      write(
        this.bytes,
        INTEGERS_HEADER_BYTES + i * width,
        width,
        read(this.bytes, INTEGERS_HEADER_BYTES + i * old, old),
      );
    }
    this.bytes[0] = width;
    this.length = INTEGERS_HEADER_BYTES + count * width;
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const grown = newBytes(Math.max(size, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
