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
 */

import { Buffer } from "node:buffer";
import { type Int64, normalizeInt64, writeInt } from "../../numbers/int64.ts";
import { RdbError } from "./error.ts";
import { lzfUnpack } from "./lzf.ts";

const KIND_14_BITS = 1;
const KIND_ENCODED = 3;
const LENGTH_32_BITS = 0x80;
const LENGTH_64_BITS = 0x81;
const ENCODED_LZF = 3;
/** No string of Redis is longer (proto-max-bulk-len by default). */
const STRING_BYTES_MAX = 512 * 1024 * 1024;
/** Room for an integer of 32 bits in decimal. */
const DIGITS_MAX = 11;

/** Reads `buf[at .. end)` from the front. */
export class RdbReader {
  /** After {@linkcode RdbReader.string}: the buffer that holds the string ... */
  bytes: Buffer;
  /** ... from here ... */
  start = 0;
  /** ... up to here. It is valid until the next string is read. */
  stop = 0;
  readonly #digits = Buffer.alloc(DIGITS_MAX);

  /** A reader of `buf[at .. end)`. */
  constructor(readonly buf: Buffer, public at: number, readonly end: number) {
    this.bytes = buf;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.end - this.at;
  }

  /** An error at the present offset. */
  error(reason: string): RdbError {
    return new RdbError(reason, this.at);
  }

  /** Steps over `count` bytes; returns the offset of the first one. */
  skip(count: number): number {
    if (count > this.end - this.at) throw this.error("the data ends too soon");
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
    return safe(this.buf.readBigUInt64LE(this.skip(8)));
  }

  /** A signed 64-bit integer of eight bytes, the lowest first. */
  int64(): Int64 {
    return normalizeInt64(this.buf.readBigInt64LE(this.skip(8)))!;
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
    if (first === LENGTH_32_BITS) return this.buf.readUInt32BE(this.skip(4));
    if (first === LENGTH_64_BITS) return safe(this.buf.readBigUInt64BE(this.skip(8)));
    throw this.error("no length");
  }

  /** A length of something. */
  length(): number {
    const length = this.length64();
    if (typeof length === "bigint") throw this.error("a length is out of range");
    return length;
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
    if (this.left > 0 && this.buf[this.at] >> 6 === KIND_ENCODED) return this.#encodedString();
    const length = this.length();
    this.#found(this.buf, this.skip(length), length);
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
    this.#found(lzfUnpack(this.buf, from, from + packed, length), 0, length);
  }

  #found(bytes: Buffer, start: number, length: number): void {
    if (length > STRING_BYTES_MAX) throw this.error("a string is too long");
    this.bytes = bytes;
    this.start = start;
    this.stop = start + length;
  }
}

/** A Number while it is safe. */
function safe(value: bigint): Int64 {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
