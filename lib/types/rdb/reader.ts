/**
 * Reads the primitives of RDB: lengths, strings, doubles, times.
 *
 *     00llllll                 a length below 64
 *     01llllll llllllll        ... below 16384
 *     10000000 <4 bytes, BE>   ... below 2^32
 *     10000001 <8 bytes, BE>   ... any
 *     11000000 <1 byte>        in the place of a string: an integer of 8 bits, in decimal
 *     11000001 <2 bytes, LE>   ... of 16 bits
 *     11000010 <4 bytes, LE>   ... of 32 bits
 *     11000011 <length> <length> <bytes>   a string compressed by LZF: packed and plain length
 *
 * Promise: nothing is read past the end, and no memory is taken for what is only announced; what
 * is broken throws {@linkcode RdbError}.
 *
 * What is read may be a window on something longer: then {@linkcode RdbReader.fill} moves it on.
 */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import { type Int64, normalizeInt64, writeInt } from "../../numbers/int64.ts";
import { RdbError } from "./error.ts";
import { lzfUnpack } from "./lzf.ts";
import { uint32At, uint32BigEndianAt } from "./words.ts";

const KIND_14_BITS = 1;
const KIND_ENCODED = 3;
const LENGTH_32_BITS = 0x80;
const LENGTH_64_BITS = 0x81;
const ENCODED_LZF = 3;
/** No string of Redis is longer (proto-max-bulk-len by default). */
const STRING_BYTES_MAX = 512 * 1024 * 1024;
/** A length takes no more bytes. */
const LENGTH_BYTES_MAX = 9;
/** Room for an integer of 32 bits in decimal. */
const DIGITS_MAX = 11;
const TWO_32 = 2 ** 32;
/** High words from this on stand for integers that are not safe. */
const UNSAFE_HIGH = 2 ** 21;
/** A length below this is one byte, which is the length. */
const SHORT_LENGTHS = 1 << 6;
/** Room for what is unpacked is kept from one string to the next if it is not larger than this. */
const ROOM_BYTES_MAX = 1 << 20;
const NO_ROOM = newBytes(0);

/** Reads `buf[at .. end)` from the front. */
export class RdbReader {
  /** After {@linkcode RdbReader.string}: the buffer that holds the string ... */
  bytes: Buffer;
  /** ... from here ... */
  start = 0;
  /** ... up to here. It is valid until something else is read. */
  stop = 0;
  /** How many bytes lie beyond `end`, from where {@linkcode RdbReader.fill} can take them. */
  protected beyond = 0;
  readonly #digits = newBytes(DIGITS_MAX);
  #room = NO_ROOM;
  /** Memory that a string is unpacked into. */
  readonly #roomFor = (length: number): Buffer => {
    if (length > ROOM_BYTES_MAX) return newBytes(length);
    if (length > this.#room.length) {
      this.#room = newBytes(Math.min(2 * length, ROOM_BYTES_MAX));
    }
    return this.#room;
  };

  /** A reader of `buf[at .. end)`. */
  constructor(public buf: Buffer, public at: number, public end: number) {
    this.bytes = buf;
  }

  /** Begins anew with `buf[at .. end)`; what is unpacked goes where it went before. */
  begin(buf: Buffer, at: number, end: number): void {
    this.bytes = this.buf = buf;
    this.at = at;
    this.end = end;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.end - this.at + this.beyond;
  }

  /** An error at the present offset. */
  error(reason: string): RdbError {
    return new RdbError(reason, this.at);
  }

  /**
   * Moves the window so that `count` bytes, more than it has, stand from `at` on; `at`, `end` and
   * what `buf` holds change, and `buf` itself if they would not fit into it. `count` is small enough
   * to fit if it is not the length of a string.
   *
   * @throws {RdbError} there are not so many.
   */
  protected fill(_count: number): void {
    throw this.error("the data ends too soon");
  }

  /** Steps over `count` bytes; returns the offset of the first one. Only then `buf` can be read. */
  skip(count: number): number {
    if (count > this.end - this.at) this.fill(count);
    const at = this.at;
    this.at += count;
    return at;
  }

  /** One byte. */
  byte(): number {
    return this.buf[this.skip(1)];
  }

  /** An unsigned 64-bit integer of eight bytes, the lowest first. */
  uint64(): Int64 {
    const at = this.skip(8);
    const high = uint32At(this.buf, at + 4);
    if (high < UNSAFE_HIGH) return high * TWO_32 + uint32At(this.buf, at);
    return this.buf.readBigUInt64LE(at);
  }

  /** A signed 64-bit integer of eight bytes, the lowest first. */
  int64(): Int64 {
    const value = this.uint64();
    return typeof value === "number" ? value : normalizeInt64(BigInt.asIntN(64, value))!;
  }

  /** A double of eight bytes, the lowest first. */
  double(): number {
    return this.buf.readDoubleLE(this.skip(8));
  }

  /** A length as an unsigned 64-bit integer. */
  length64(): Int64 {
    const first = this.byte();
    if (first >> 6 === 0) return first;
    if (first >> 6 === KIND_14_BITS) return ((first & 0x3f) << 8) | this.byte();
    if (first === LENGTH_32_BITS) return this.#uint32BigEndian();
    if (first !== LENGTH_64_BITS) throw this.error("no length");
    const high = this.#uint32BigEndian();
    const low = this.#uint32BigEndian();
    return high < UNSAFE_HIGH ? high * TWO_32 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  #uint32BigEndian(): number {
    const at = this.skip(4);
    return uint32BigEndianAt(this.buf, at);
  }

  /** A length of something. */
  length(): number {
    const length = this.length64();
    if (typeof length === "bigint") throw this.error("a length is out of range");
    return length;
  }

  /** The length that comes next, which stays to be read; 0: there is none. */
  peekLength(): number {
    if (this.at < this.end && this.buf[this.at] < SHORT_LENGTHS) return this.buf[this.at];
    if (this.end - this.at < LENGTH_BYTES_MAX && this.beyond > 0) {
      this.fill(Math.min(LENGTH_BYTES_MAX, this.left));
    }
    const { at } = this;
    try {
      return this.at === this.end ? 0 : this.length();
    } finally {
      this.at = at;
    }
  }

  /**
   * How many things follow, each of which takes at least `size_min` bytes: more than can be there
   * are refused at once.
   */
  count(size_min: number): number {
    const count = this.length();
    if (count * size_min > this.left) throw this.error("more is announced than there is");
    return count;
  }

  /** A string: sets `bytes`, `start` and `stop`. */
  string(): void {
    if (this.at === this.end) this.fill(1);
    const first = this.buf[this.at];
    const start = this.at + 1;
    if (first < SHORT_LENGTHS && first <= this.end - start) { // by far most of them
      this.bytes = this.buf;
      this.start = start;
      this.at = this.stop = start + first;
      return;
    }
    if (first >> 6 === KIND_ENCODED) return this.#encodedString();
    const length = this.length();
    const from = this.skip(length);
    this.#found(this.buf, from, length);
  }

  #encodedString(): void {
    const encoding = this.byte() & 0x3f;
    if (encoding === ENCODED_LZF) return this.#packedString();
    let value: number;
    if (encoding === 0) value = this.buf.readInt8(this.skip(1));
    else if (encoding === 1) value = this.buf.readInt16LE(this.skip(2));
    else if (encoding === 2) value = this.buf.readInt32LE(this.skip(4));
    else throw this.error("unknown encoding of a string");
    this.#found(this.#digits, 0, writeInt(this.#digits, 0, value));
  }

  #packedString(): void {
    const packed = this.length();
    const length = this.length();
    if (length > STRING_BYTES_MAX) throw this.error("a string is too long");
    const from = this.skip(packed);
    this.#found(lzfUnpack(this.buf, from, from + packed, length, this.#roomFor), 0, length);
  }

  #found(bytes: Buffer, start: number, length: number): void {
    if (length > STRING_BYTES_MAX) throw this.error("a string is too long");
    this.bytes = bytes;
    this.start = start;
    this.stop = start + length;
  }
}
