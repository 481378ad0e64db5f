/**
 * Writes listpacks (see `listpack_reader.ts`), entry by entry, as Redis does: what reads as a 64-bit
 * integer is written as one, in the shortest form.
 */

import { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { type Int64, INT64_LENGTH_MAX, parseInt64 } from "../../numbers/int64.ts";
import { backLengthBytes } from "./listpack_reader.ts";
import { writeInt16, writeInt32 } from "./words.ts";

const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;
/** No integer begins with a byte above this. */
const NINE = 0x39;
const BYTES_MIN = 256;
/** A buffer larger than this is not kept for the next listpack. */
const BYTES_KEPT_MAX = 1 << 20;
/** Bytes before the longest strings. */
const LONG_HEADER_BYTES = 5;
/** The longest encoding before a string, and behind it. */
const OVERHEAD_MAX = 10;

/** Writes one listpack at a time into a buffer that is used again. */
export class ListpackWriter {
  /** The listpack is `bytes[0 .. length)` after {@linkcode ListpackWriter.finish}. */
  bytes: Buffer = newBytes(BYTES_MIN);
  /** Its size so far, without the end mark. */
  length = HEADER_BYTES;
  /** Its entries so far. */
  count = 0;

  /** Begins anew; a buffer that has grown large is given up. */
  clear(): void {
    if (this.bytes.length > BYTES_KEPT_MAX) this.bytes = newBytes(BYTES_MIN);
    this.length = HEADER_BYTES;
    this.count = 0;
  }

  /** Bytes it will take, the end mark included. */
  get size(): number {
    return this.length + 1;
  }

  /** Adds `buf[start .. end)`. */
  push(buf: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size <= INT64_LENGTH_MAX && buf[start] <= NINE) {
      const value = parseInt64(buf, start, end);
      if (value !== undefined) return this.pushInteger(value);
    }
    const { bytes } = this.#reserve(size + OVERHEAD_MAX);
    const from = this.length;
    let at = from;
    if (size < 1 << 6) {
      bytes[at++] = 0x80 | size;
    } else if (size < 1 << 12) {
      bytes[at++] = 0xe0 | (size >> 8);
      bytes[at++] = size & 0xff;
    } else {
      bytes[at++] = 0xf0;
      at = bytes.writeUInt32LE(size, at);
    }
    copyBytes(buf, start, end, bytes, at);
    this.#close(from, at + size);
  }

  /** Adds a text in ASCII. */
  pushText(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.push(bytes, 0, bytes.length);
  }

  /** Adds an integer. */
  pushInteger(value: Int64): void {
    const { bytes } = this.#reserve(OVERHEAD_MAX);
    const from = this.length;
    let at = from;
    if (value >= 0 && value <= 127) {
      bytes[at++] = Number(value);
    } else if (value >= -4096 && value <= 4095) {
      const bits = Number(value) & 0x1fff;
      bytes[at++] = 0xc0 | (bits >> 8);
      bytes[at++] = bits & 0xff;
    } else if (value >= -0x8000 && value <= 0x7fff) {
      bytes[at++] = 0xf1;
      writeInt16(bytes, at, Number(value));
      at += 2;
    } else if (value >= -0x800000 && value <= 0x7fffff) {
      bytes[at++] = 0xf2;
      writeInt16(bytes, at, Number(value));
      bytes[at + 2] = Number(value) >> 16;
      at += 3;
    } else if (value >= -0x80000000 && value <= 0x7fffffff) {
      bytes[at++] = 0xf3;
      writeInt32(bytes, at, Number(value));
      at += 4;
    } else {
      bytes[at++] = 0xf4;
      at = bytes.writeBigInt64LE(BigInt(value), at);
    }
    this.#close(from, at);
  }

  /** Writes header and end mark. */
  finish(): void {
    this.#reserve(1);
    this.bytes[this.length++] = END;
    writeInt32(this.bytes, 0, this.length);
    writeInt16(this.bytes, 4, Math.min(this.count, COUNT_UNKNOWN));
  }

  /** Writes the size of the entry `from .. to` behind it. */
  #close(from: number, to: number): void {
    this.length = writeBackLength(this.bytes, to, to - from);
    this.count++;
  }

  #reserve(count: number): this {
    const size = this.length + count + 1;
    if (size > this.bytes.length) {
      const grown = newBytes(Math.max(size, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    return this;
  }
}

/** Writes the size of an entry, backwards, at `at`. Returns the offset behind. */
function writeBackLength(bytes: Buffer, at: number, size: number): number {
  if (size <= 0x7f) { // by far most
    bytes[at] = size;
    return at + 1;
  }
  const count = backLengthBytes(size);
  for (let i = count - 1; i >= 0; i--) {
    bytes[at + i] = (size & 0x7f) | (i > 0 ? 0x80 : 0);
    size = Math.floor(size / 128);
  }
  return at + count;
}

/**
 * What stands before and behind the bytes of a text of `length` bytes, more than 4095, in a listpack
 * that holds nothing else.
 */
export function singleFrame(length: number): { readonly head: Buffer; readonly tail: Buffer } {
  const head = newBytes(HEADER_BYTES + LONG_HEADER_BYTES);
  const tail = newBytes(OVERHEAD_MAX);
  let end = writeBackLength(tail, 0, LONG_HEADER_BYTES + length);
  tail[end++] = END;
  head.writeUInt32LE(head.length + length + end, 0);
  head.writeUInt16LE(1, 4);
  head[HEADER_BYTES] = 0xf0;
  head.writeUInt32LE(length, HEADER_BYTES + 1);
  return { head, tail: tail.subarray(0, end) };
}
