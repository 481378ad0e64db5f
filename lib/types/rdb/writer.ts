/**
 * Writes the primitives of RDB, in the form that Redis chooses for each: see `reader.ts`.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { type Int64, parseInt64 } from "../../numbers/int64.ts";
import { LzfPacker } from "./lzf.ts";
import { writeInt16, writeInt32 } from "./words.ts";

const BYTES_MIN = 256;
/** A buffer larger than this is not kept for what is written later. */
const BYTES_KEPT_MAX = 1 << 20;
/** Longest text that can be an integer of 32 bits. */
const INTEGER_TEXT_MAX = 11;
/** Strings up to this length are not compressed. */
const PLAIN_MAX = 20;
const ENCODED = 0xc0;
const ENCODED_LZF = 0xc3;
const LENGTH_32_BITS = 0x80;
const LENGTH_64_BITS = 0x81;
const TWO_32 = 2 ** 32;
/** No integer begins with a byte above this. */
const NINE = 0x39;

const packer = new LzfPacker();

/** Writes into a buffer of its own, which grows. */
export class RdbWriter {
  /** What was written is `buf[0 .. length)`. */
  buf: Buffer = newBytes(BYTES_MIN);
  length = 0;

  /** @param compress whether long strings are compressed (`rdbcompression`). */
  constructor(public compress = true) {}

  /** Forgets what was written; a buffer that has grown large is given up. */
  clear(): void {
    this.length = 0;
    if (this.buf.length > BYTES_KEPT_MAX) this.buf = newBytes(BYTES_MIN);
  }

  /** One byte. */
  byte(value: number): void {
    const at = this.#room(1);
    this.buf[at] = value;
  }

  /** Two bytes, the lower first. */
  uint16(value: number): void {
    const at = this.#room(2);
    writeInt16(this.buf, at, value);
  }

  /** Four bytes, the lowest first. */
  uint32(value: number): void {
    const at = this.#room(4);
    writeInt32(this.buf, at, value);
  }

  /** Eight bytes, the lowest first. */
  int64(value: Int64): void {
    if (typeof value === "number" && Number.isSafeInteger(value)) {
      const high = Math.floor(value / TWO_32);
      this.uint32((value - high * TWO_32) | 0);
      this.uint32(high | 0);
      return;
    }
    const at = this.#room(8);
    this.buf.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)), at);
  }

  /** Eight bytes, the highest first. */
  uint64BigEndian(value: Int64): void {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
      const high = Math.floor(value / TWO_32);
      this.#uint32BigEndian(high | 0);
      this.#uint32BigEndian((value - high * TWO_32) | 0);
      return;
    }
    const at = this.#room(8);
    this.buf.writeBigUInt64BE(BigInt(value), at);
  }

  /** A double, eight bytes, the lowest first. */
  double(value: number): void {
    const at = this.#room(8);
    this.buf.writeDoubleLE(value, at);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    const at = this.#room(end - start);
    copyBytes(bytes, start, end, this.buf, at);
  }

  /** A length, or an unsigned integer. */
  size(value: Int64): void {
    if (value < 1 << 6) {
      this.byte(Number(value));
    } else if (value < 1 << 14) {
      this.byte(0x40 | (Number(value) >> 8));
      this.byte(Number(value) & 0xff);
    } else if (value < TWO_32) {
      this.byte(LENGTH_32_BITS);
      this.#uint32BigEndian(Number(value) | 0);
    } else {
      this.byte(LENGTH_64_BITS);
      this.uint64BigEndian(value);
    }
  }

  /** A string: as an integer or compressed, if that is shorter. */
  string(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (
      length <= INTEGER_TEXT_MAX && bytes[start] <= NINE &&
      this.#integer(parseInt64(bytes, start, end))
    ) return;
    if (this.compress && length > PLAIN_MAX) {
      const packed = packer.pack(bytes, start, end);
      if (packed > 0) {
        this.packedHead(packed, length);
        return this.raw(packer.bytes, 0, packed);
      }
    }
    this.size(length);
    this.raw(bytes, start, end);
  }

  /** What stands before the packed bytes of a compressed string. */
  packedHead(packed: number, length: number): void {
    this.byte(ENCODED_LZF);
    this.size(packed);
    this.size(length);
  }

  /** Writes an integer of at most 32 bits in the place of a string; false: it is none. */
  #integer(value: Int64 | undefined): boolean {
    if (typeof value !== "number") return false;
    if (value >= -0x80 && value <= 0x7f) {
      this.byte(ENCODED);
      this.byte(value & 0xff);
    } else if (value >= -0x8000 && value <= 0x7fff) {
      this.byte(ENCODED | 1);
      this.byte(value & 0xff);
      this.byte((value >> 8) & 0xff);
    } else if (value >= -0x80000000 && value <= 0x7fffffff) {
      this.byte(ENCODED | 2);
      this.uint32(value);
    } else {
      return false;
    }
    return true;
  }

  #uint32BigEndian(value: number): void {
    const at = this.#room(4);
    const { buf } = this;
    buf[at] = value >>> 24;
    buf[at + 1] = value >>> 16;
    buf[at + 2] = value >>> 8;
    buf[at + 3] = value;
  }

  /** Makes room for `size` bytes, in a new `buf` if need be; returns where they begin. */
  #room(size: number): number {
    const at = this.length;
    if (at + size > this.buf.length) {
      const grown = newBytes(Math.max(this.buf.length * 2, at + size));
      grown.set(this.buf.subarray(0, at));
      this.buf = grown;
    }
    this.length = at + size;
    return at;
  }
}
