/**
 * Reads a listpack, the compact run of entries that Redis 7 keeps small collections in.
 *
 *     <4 bytes LE: size of all> <2 bytes LE: entries, 65535: count them> <entry> ... ff
 *     entry     <encoding and data> <size of that, 7 bits a byte, backwards>
 *     0vvvvvvv                  integer of 7 bits, unsigned
 *     10llllll <bytes>          string
 *     110vvvvv vvvvvvvv         integer of 13 bits, signed
 *     1110llll llllllll <bytes> string
 *     f0 <4 bytes LE> <bytes>   string
 *     f1, f2, f3, f4 <bytes>    integer of 16, 24, 32, 64 bits, LE
 *
 * Promise: every size, the sizes at the ends of entries included, is checked before it is used.
 */

import type { Buffer } from "node:buffer";
import { normalizeInt64 } from "../../numbers/int64.ts";
import { EntryReader } from "./entries.ts";
import { RdbError } from "./error.ts";
import { uint32At } from "./words.ts";

const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;
const BITS_7 = 7;

/** Bytes that the size at the end of an entry takes; the odd bounds are Redis's. */
export function backLengthBytes(size: number): number {
  return size <= 127 ? 1 : size < 16383 ? 2 : size < 2097151 ? 3 : size < 268435455 ? 4 : 5;
}

/** Reads a listpack entry by entry. */
export class ListpackReader extends EntryReader {
  #at: number;
  #seen = 0;
  readonly #count: number;

  /**
   * A reader of the listpack that is `buf[start .. end)`.
   *
   * @throws {RdbError} its header is wrong.
   */
  constructor(buf: Buffer, start: number, private readonly end: number) {
    super(buf);
    if (end - start <= HEADER_BYTES || uint32At(buf, start) !== end - start) {
      throw new RdbError("a listpack has a wrong size", start);
    }
    if (buf[end - 1] !== END) throw new RdbError("a listpack has no end", end - 1);
    this.#count = buf[start + 4] | (buf[start + 5] << 8);
    this.#at = start + HEADER_BYTES;
  }

  override next(): boolean {
    const { buf } = this;
    const at = this.#at;
    const first = buf[at];
    if (first < 0xc0) { // a short text, or a small integer: most of them
      const stop = first < 0x80 ? at + 1 : at + 1 + (first & 0x3f);
      if (stop < this.end - 1 && buf[stop] === stop - at) {
        this.#at = stop + 1;
        this.#seen++;
        return first < 0x80 ? this.foundInteger(first) : this.found(at + 1, stop);
      }
    }
    if (first === END) {
      const counted = this.#count === COUNT_UNKNOWN || this.#count === this.#seen;
      if (at !== this.end - 1 || !counted) throw new RdbError("a listpack ends too soon", at);
      return false;
    }
    this.#seen++;
    const stop = this.#entry(at);
    this.#at = this.#stepBack(at, stop);
    return true;
  }

  /** The next entry as a Number that is an integer. */
  nextInteger(): number {
    const integer = this.next() ? this.integer : undefined;
    if (integer === undefined || !Number.isSafeInteger(integer)) {
      throw new RdbError("a listpack has no integer", this.#at);
    }
    return integer;
  }

  /** The next entry, which must be there. */
  needNext(): void {
    if (!this.next()) throw new RdbError("a listpack ends too soon", this.#at);
  }

  /** Decodes the entry at `at`; returns where its data ends. */
  #entry(at: number): number {
    const { buf } = this;
    const first = buf[at];
    if (first < 0x80) return this.#integerEntry(first, at + 1);
    if (first < 0xc0) return this.#stringEntry(at + 1, first & 0x3f);
    if (first < 0xe0) {
      this.#need(at, 2);
      const value = ((first & 0x1f) << 8) | buf[at + 1];
      return this.#integerEntry(value >= 1 << 12 ? value - (1 << 13) : value, at + 2);
    }
    if (first < 0xf0) {
      this.#need(at, 2);
      return this.#stringEntry(at + 2, ((first & 0x0f) << 8) | buf[at + 1]);
    }
    switch (first) {
      case 0xf0:
        this.#need(at, 5);
        return this.#stringEntry(at + 5, buf.readUInt32LE(at + 1));
      case 0xf1:
        this.#need(at, 3);
        return this.#integerEntry(buf.readInt16LE(at + 1), at + 3);
      case 0xf2:
        this.#need(at, 4);
        return this.#integerEntry(buf.readIntLE(at + 1, 3), at + 4);
      case 0xf3:
        this.#need(at, 5);
        return this.#integerEntry(buf.readInt32LE(at + 1), at + 5);
      case 0xf4: {
        this.#need(at, 9);
        const value = normalizeInt64(buf.readBigInt64LE(at + 1))!;
        this.foundInteger(value);
        return at + 9;
      }
      default:
        throw new RdbError("unknown encoding in a listpack", at);
    }
  }

  #integerEntry(value: number, stop: number): number {
    this.foundInteger(value);
    return stop;
  }

  #stringEntry(start: number, length: number): number {
    this.#need(start, length);
    this.found(start, start + length);
    return start + length;
  }

  /** Checks the size behind the entry `at .. stop`; returns where the next one begins. */
  #stepBack(at: number, stop: number): number {
    const bytes = backLengthBytes(stop - at);
    this.#need(stop, bytes);
    let size = 0;
    for (let i = 0; i < bytes; i++) {
      const byte = this.buf[stop + i];
      if ((i > 0) !== (byte >= 0x80)) throw new RdbError("a listpack entry has a wrong size", stop);
      size = size * (1 << BITS_7) + (byte & 0x7f);
    }
    if (size !== stop - at) throw new RdbError("a listpack entry has a wrong size", stop);
    return stop + bytes;
  }

  /** `count` bytes from `at` on must lie before the end mark. */
  #need(at: number, count: number): void {
    if (at + count > this.end - 1) throw new RdbError("a listpack ends too soon", at);
  }
}
