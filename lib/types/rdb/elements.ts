/**
 * The elements of a value that is being read, before anything is stored: a packed run, as small
 * hashes and sets are kept (`memory/packed.ts`), and where each element stands in it.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, equalBytes, newBytes } from "../../memory/bytes.ts";
import { hashBytes, type HashSeed } from "../../memory/hash.ts";
import { quickHash } from "../set/member_index.ts";
import { RdbError } from "./error.ts";

const BYTES_MIN = 4096;
const COUNT_MIN = 256;
/** A value with more bytes than this is refused. */
const BYTES_MAX = 2 ** 31 - 1;
/** Memory for so many bytes and elements is kept for the next value. */
const KEPT_BYTES_MAX = 1 << 18;
const KEPT_COUNT_MAX = 1 << 15;
/** Bytes that a length in a run takes at most. */
const HEADER_BYTES_MAX = 5;
/** So many elements are compared with each other; more are hashed. Measured. */
const COMPARED_MAX = 12;

/** Up to so many a hash without a secret will do: those that are made to collide do little harm. */
const QUICK_MAX = 128;

/** The hash table of {@linkcode Elements.areDistinct}, used again and again. */
let slots = new Int32Array(4 * COUNT_MIN);

/** A sequence of byte strings; element `i` is `bytes[start(i) .. end(i))`. */
export class Elements {
  /** Holds the run, `bytes[0 .. length)`. */
  bytes: Buffer = newBytes(BYTES_MIN);
  length = 0;
  /** How many elements there are. */
  count = 0;
  /** Length of the longest one in bytes. */
  longest = 0;
  /** Where the elements begin and end; until room is made for more. */
  starts: Uint32Array = new Uint32Array(COUNT_MIN);
  ends: Uint32Array = new Uint32Array(COUNT_MIN);

  /** Takes all elements out. */
  clear(): void {
    this.length = this.count = this.longest = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = newBytes(BYTES_MIN);
    if (this.ends.length > KEPT_COUNT_MAX) {
      this.starts = new Uint32Array(COUNT_MIN);
      this.ends = new Uint32Array(COUNT_MIN);
    }
  }

  /** Offset of the first byte of element `i`. */
  start(i: number): number {
    return this.starts[i];
  }

  /** Offset past the last byte of element `i`. */
  end(i: number): number {
    return this.ends[i];
  }

  /** Element `i` as text, one character a byte. */
  text(i: number): string {
    return this.bytes.toString("latin1", this.start(i), this.end(i));
  }

  /** Adds `buf[start .. end)`. */
  push(buf: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (this.length + size + HEADER_BYTES_MAX > this.bytes.length) this.#growBytes(size);
    if (this.count === this.ends.length) this.#growCount();
    if (size > this.longest) this.longest = size;
    const { bytes } = this;
    let at = this.length;
    let rest = size;
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    copyBytes(buf, start, end, bytes, at);
    this.starts[this.count] = at;
    this.ends[this.count++] = this.length = at + size;
  }

  /** Makes room for `size` more bytes of the run and `count` more elements, written by the caller. */
  reserve(size: number, count: number): void {
    if (this.length + size > this.bytes.length) this.#growBytes(size);
    while (this.count + count > this.ends.length) this.#growCount();
  }

  /** The caller has written: there are `count` elements and `length` bytes now. */
  taken(count: number, length: number, longest: number): void {
    this.count = count;
    this.length = length;
    this.longest = longest;
  }

  /** Whether no two of the elements 0, stride, 2 * stride ... are the same. O(N) whatever they are. */
  areDistinct(stride: number, seed: HashSeed): boolean {
    const distinct = this.count / stride;
    return distinct > COMPARED_MAX ? this.#areDistinctByHash(stride, seed) : this.#differ(stride);
  }

  #differ(stride: number): boolean {
    for (let i = stride; i < this.count; i += stride) {
      for (let k = 0; k < i; k += stride) if (this.#same(i, k)) return false;
    }
    return true;
  }

  #areDistinctByHash(stride: number, seed: HashSeed): boolean {
    const size = 2 ** Math.ceil(Math.log2(2 * this.count / stride));
    const isSmall = this.count / stride <= QUICK_MAX;
    const table = size <= slots.length ? slots.fill(0, 0, size) : new Int32Array(size);
    if (size > slots.length && size <= 2 * KEPT_COUNT_MAX) slots = table;
    for (let i = 0; i < this.count; i += stride) {
      const [start, end] = [this.start(i), this.end(i)];
      const hash = isSmall
        ? quickHash(this.bytes, start, end)
        : hashBytes(seed, this.bytes, start, end);
      let slot = hash & (size - 1);
      for (; table[slot] !== 0; slot = (slot + 1) & (size - 1)) {
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

  #growBytes(size: number): void {
    const needed = this.length + size + HEADER_BYTES_MAX;
    if (needed > BYTES_MAX) throw new RdbError("a value is too large", 0);
    const grown = newBytes(
      Math.min(Math.max(needed, 2 * this.bytes.length), BYTES_MAX),
    );
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  #growCount(): void {
    this.starts = doubled(this.starts);
    this.ends = doubled(this.ends);
  }
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(2 * numbers.length);
  wider.set(numbers);
  return wider;
}
