/**
 * Elements of a listpack, the byte format in which Redis keeps the entries of a stream, in memory as
 * in its files. Streams here use the same: chunks end where Redis's do, so that approximate trimming
 * removes what it removes there, and DUMP copies a chunk as it is.
 *
 *     | bytes in all, uint32 | elements, uint16 | element | element | ... | 0xff
 *
 *     element   | tag, number or length | content | length of these two, readable backwards |
 *
 *     0xxxxxxx                  an integer 0 .. 127        10llllll   up to 63 bytes
 *     110xxxxx xxxxxxxx         13 bits, signed            1110llll llllllll   up to 4095 bytes
 *     0xf1 0xf2 0xf3 0xf4       2, 3, 4, 8 bytes, signed   0xf0 and 4 bytes   longer ones
 *
 * Numbers are little-endian. A text that is an integer in its ordinary form is kept as an integer.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { INT64_LENGTH_MAX, parseInt64, writeInt64 } from "../../numbers/int64.ts";

/** Bytes before the first element. */
export const HEADER_BYTES = 6;
/** No integer begins with a byte above this. */
const NINE = 0x39;
/** The byte behind the last element. */
export const LISTPACK_END = 0xff;
/** The count of elements from which on it is unknown. */
export const ELEMENTS_UNKNOWN = 0xffff;
/** Bytes that an element takes beyond its content, at most: tag, length, length backwards. */
export const ELEMENT_OVERHEAD_MAX = 10;

/** Bytes of the length backwards of an element whose other bytes are `length`. */
export function backLengthBytes(length: number): number {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  return length < 268435455 ? 4 : 5;
}

/** Writes the length backwards; returns the offset behind it. */
function writeBackLength(buf: Uint8Array, at: number, length: number): number {
  const bytes = backLengthBytes(length);
  for (let i = bytes - 1; i > 0; i--) {
    buf[at + i] = (length & 127) | 128;
    length >>>= 7;
  }
  buf[at] = length;
  return at + bytes;
}

/** Bytes that a small non-negative integer takes, its length backwards included. */
export function integerBytes(value: number): number {
  return value <= 127 ? 2 : value <= 4095 ? 3 : value <= 32767 ? 4 : value <= 8388607 ? 5 : 6;
}

/** Writes an integer at `at`; returns the offset behind the element. */
export function writeInteger(buf: Buffer, at: number, value: number | bigint): number {
  if (typeof value === "bigint" || value < -0x80000000 || value > 0x7fffffff) {
    buf[at] = 0xf4;
    if (typeof value === "bigint") {
      buf.writeBigInt64LE(value, at + 1);
    } else {
      const high = Math.floor(value / 0x1_0000_0000);
      buf.writeUInt32LE(value - high * 0x1_0000_0000, at + 1);
      buf.writeInt32LE(high, at + 5);
    }
    buf[at + 9] = 9;
    return at + 10;
  }
  if (value >= 0 && value <= 127) {
    buf[at] = value;
    buf[at + 1] = 1;
    return at + 2;
  }
  if (value >= -4096 && value <= 4095) {
    buf[at] = 0xc0 | ((value >> 8) & 0x1f);
    buf[at + 1] = value & 0xff;
    buf[at + 2] = 2;
    return at + 3;
  }
  const bytes = value >= -32768 && value <= 32767
    ? 2
    : value >= -8388608 && value <= 8388607
    ? 3
    : 4;
  buf[at] = 0xf1 + bytes - 2;
  for (let i = 1; i <= bytes; i++) {
    buf[at + i] = value & 0xff;
    value >>= 8;
  }
  buf[at + bytes + 1] = bytes + 1;
  return at + bytes + 2;
}

/** Writes the text `from[start .. end)` at `at`; returns the offset behind the element. */
export function writeText(
  buf: Buffer,
  at: number,
  from: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  if (length > 0 && length <= INT64_LENGTH_MAX && from[start] <= NINE) {
    const value = parseInt64(from, start, end);
    if (value !== undefined) return writeInteger(buf, at, value);
  }
  let header = 1;
  if (length < 64) {
    buf[at] = 0x80 | length;
  } else if (length < 4096) {
    buf[at] = 0xe0 | (length >> 8);
    buf[at + 1] = length & 0xff;
    header = 2;
  } else {
    buf[at] = 0xf0;
    buf.writeUInt32LE(length, at + 1);
    header = 5;
  }
  copyBytes(from, start, end, buf, at + header);
  return writeBackLength(buf, at + header + length, header + length);
}

/** Bytes of the element at `at` without its length backwards; 0: no element has such a tag. */
function contentBytes(buf: Buffer, at: number): number {
  const tag = buf[at];
  if (tag < 0x80) return 1;
  if (tag < 0xc0) return 1 + (tag & 0x3f);
  if (tag < 0xe0) return 2;
  if (tag < 0xf0) return 2 + (((tag & 0x0f) << 8) | buf[at + 1]);
  switch (tag) {
    case 0xf0:
      return 5 + buf.readUInt32LE(at + 1);
    case 0xf1:
      return 3;
    case 0xf2:
      return 4;
    case 0xf3:
      return 5;
    case 0xf4:
      return 9;
    default:
      return 0;
  }
}

/** Offset behind the element at `at`. */
export function afterElement(buf: Buffer, at: number): number {
  const tag = buf[at];
  if (tag < 0x80) return at + 2;
  if (tag < 0xc0) return at + 2 + (tag & 0x3f);
  const length = contentBytes(buf, at);
  return at + length + backLengthBytes(length);
}

/** Offset of the element that ends before `at`. */
export function beforeElement(buf: Buffer, at: number): number {
  let length = 0;
  let shift = 1;
  let from = at - 1;
  for (;; from--) {
    length += (buf[from] & 127) * shift;
    if (buf[from] < 128) break;
    shift *= 128;
  }
  return from - length;
}

/** The integer at `at`, which must be one. */
export function readInteger(buf: Buffer, at: number): number | bigint {
  const tag = buf[at];
  if (tag < 0x80) return tag;
  if (tag >= 0xc0 && tag < 0xe0) {
    const value = ((tag & 0x1f) << 8) | buf[at + 1];
    return value < 4096 ? value : value - 8192;
  }
  // Byte by byte: Buffer's methods check again what is known, and cost several times as much.
  const low = buf[at + 1] | (buf[at + 2] << 8);
  switch (tag) {
    case 0xf1:
      return (low << 16) >> 16;
    case 0xf2:
      return ((low | (buf[at + 3] << 16)) << 8) >> 8;
    case 0xf3:
      return low | (buf[at + 3] << 16) | (buf[at + 4] << 24);
    case 0xf4:
      return readInt64(buf, at + 1);
    default:
      throw new Error(`listpack: no integer at ${at}, but tag ${tag}`);
  }
}

function readInt64(buf: Buffer, at: number): number | bigint {
  const high = buf.readInt32LE(at + 4);
  if (high >= -0x20_0000 && high < 0x20_0000) {
    const value = high * 0x1_0000_0000 + buf.readUInt32LE(at);
    if (Number.isSafeInteger(value)) return value;
  }
  return buf.readBigInt64LE(at);
}

/** Whether the element at `at` is an integer. */
export function isInteger(buf: Buffer, at: number): boolean {
  const tag = buf[at];
  return tag < 0x80 || (tag >= 0xc0 && tag < 0xe0) || (tag >= 0xf1 && tag <= 0xf4);
}

/** The content of an element as bytes: in place for a text, written out for an integer. */
export class Element {
  /** The content is `bytes[start .. end)`. */
  bytes: Buffer;
  start = 0;
  end = 0;
  readonly #digits: Buffer;

  /**
   * An empty element; {@linkcode Element.read} fills it.
   *
   * @param digits where integers are written out: elements that share it are read in turn.
   */
  constructor(digits: Buffer = newBytes(INT64_LENGTH_MAX)) {
    this.bytes = this.#digits = digits;
  }

  /** Takes the element at `at`; returns the offset behind it. */
  read(buf: Buffer, at: number): number {
    const tag = buf[at];
    if (tag >= 0x80 && tag < 0xc0) {
      this.bytes = buf;
      this.start = at + 1;
      return (this.end = this.start + (tag & 0x3f)) + 1;
    }
    if (isInteger(buf, at)) {
      this.bytes = this.#digits;
      this.start = 0;
      this.end = writeInt64(this.#digits, 0, readInteger(buf, at));
      return afterElement(buf, at);
    }
    const length = contentBytes(buf, at);
    this.bytes = buf;
    this.start = at + (tag === 0xf0 ? 5 : 2);
    this.end = at + length;
    return at + length + backLengthBytes(length);
  }
}

/**
 * Whether `buf[start .. end)` is a well-formed run of elements: every length, forwards and
 * backwards, stays inside and says the same. Returns how many there are; -1: it is not.
 */
export function countElements(buf: Buffer, start: number, end: number): number {
  let at = start;
  let count = 0;
  while (at < end) {
    const tag = buf[at];
    if (tag < 0xc0) { // a short one: most of them
      const length = tag < 0x80 ? 1 : 1 + (tag & 0x3f);
      at += length + 1;
      if (at > end || buf[at - 1] !== length) return -1;
      count++;
      continue;
    }
    const header = tag === 0xf0 ? 5 : tag >= 0xe0 && tag < 0xf0 ? 2 : 1;
    if (at + header > end) return -1;
    const length = contentBytes(buf, at);
    const next = at + length + backLengthBytes(length);
    if (length === 0 || next > end) return -1;
    if (!sameBackLength(buf, at + length, length)) return -1;
    at = next;
    count++;
  }
  return count;
}

const backLength = newBytes(5);

function sameBackLength(buf: Buffer, at: number, length: number): boolean {
  const bytes = writeBackLength(backLength, 0, length);
  for (let i = 0; i < bytes; i++) if (buf[at + i] !== backLength[i]) return false;
  return true;
}
