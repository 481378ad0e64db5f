/**
 * Reads a ziplist, the compact run of entries that Redis kept small collections in before 7.0.
 *
 *     <4 bytes LE: size of all> <4 bytes LE: offset of the last entry> <2 bytes LE: entries> ... ff
 *     entry     <size of the entry before: 1 byte, or fe and 4 bytes LE> <encoding> <data>
 *     00llllll, 01llllll llllllll, 80 <4 bytes BE>    a string of that length
 *     c0, d0, e0, f0, fe                              an integer of 16, 32, 64, 24, 8 bits, LE
 *     f1 .. fd                                        the integer 0 .. 12
 */

import type { Buffer } from "node:buffer";
import { normalizeInt64 } from "../../numbers/int64.ts";
import { EntryReader } from "./entries.ts";
import { RdbError } from "./error.ts";

const HEADER_BYTES = 10;
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;
const LONG_SIZE = 0xfe;

/** Reads a ziplist entry by entry. */
export class ZiplistReader extends EntryReader {
  readonly #start: number;
  readonly #last: number;
  readonly #count: number;
  #at: number;
  #before = 0;
  #seen = 0;

  /**
   * A reader of the ziplist that is `buf[start .. end)`.
   *
   * @throws {RdbError} its header is wrong.
   */
  constructor(buf: Buffer, start: number, private readonly end: number) {
    super(buf);
    if (end - start <= HEADER_BYTES || buf.readUInt32LE(start) !== end - start) {
      throw new RdbError("a ziplist has a wrong size", start);
    }
    if (buf[end - 1] !== END) throw new RdbError("a ziplist has no end", end - 1);
    this.#start = start;
    this.#last = start + buf.readUInt32LE(start + 4);
    this.#count = buf.readUInt16LE(start + 8);
    this.#at = start + HEADER_BYTES;
  }

  override next(): boolean {
    const { buf } = this;
    let at = this.#at;
    if (buf[at] === END) {
      const counted = this.#count === COUNT_UNKNOWN || this.#count === this.#seen;
      const last = this.#seen === 0 ? this.#start + HEADER_BYTES : at - this.#before;
      if (at !== this.end - 1 || !counted || last !== this.#last) {
        throw new RdbError("a ziplist ends too soon", at);
      }
      return false;
    }
    const from = at;
    let before = buf[at++];
    if (before === LONG_SIZE) {
      this.#need(at, 4);
      before = buf.readUInt32LE(at);
      at += 4;
    }
    if (before !== this.#before) throw new RdbError("a ziplist entry has a wrong size", from);
    this.#at = this.#entry(at);
    this.#before = this.#at - from;
    this.#seen++;
    return true;
  }

  /** Decodes the entry whose encoding is at `at`; returns where the next one begins. */
  #entry(at: number): number {
    const { buf } = this;
    this.#need(at, 1);
    const first = buf[at];
    switch (first >> 6) {
      case 0:
        return this.#string(at + 1, first & 0x3f);
      case 1:
        this.#need(at, 2);
        return this.#string(at + 2, ((first & 0x3f) << 8) | buf[at + 1]);
      case 2:
        this.#need(at, 5);
        return this.#string(at + 5, buf.readUInt32BE(at + 1));
      default:
        return this.#integer(first, at + 1);
    }
  }

  #string(start: number, length: number): number {
    this.#need(start, length);
    this.found(start, start + length);
    return start + length;
  }

  #integer(encoding: number, at: number): number {
    if (encoding > 0xf0 && encoding < 0xfe) {
      this.foundInteger(encoding - 0xf1);
      return at;
    }
    const size = INTEGER_BYTES.get(encoding);
    if (size === undefined) throw new RdbError("unknown encoding in a ziplist", at - 1);
    this.#need(at, size);
    const value = size === 8
      ? normalizeInt64(this.buf.readBigInt64LE(at))!
      : this.buf.readIntLE(at, size);
    this.foundInteger(value);
    return at + size;
  }

  /** `count` bytes from `at` on must lie before the end mark. */
  #need(at: number, count: number): void {
    if (at + count > this.end - 1) throw new RdbError("a ziplist ends too soon", at);
  }
}

const INTEGER_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc0, 2],
  [0xd0, 4],
  [0xe0, 8],
  [0xf0, 3],
  [0xfe, 1],
]);
