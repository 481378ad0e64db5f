/**
 * Reads a zipmap, in which Redis kept small hashes before 2.6.
 *
 *     <entries, 254: count them> <length> <field> <length> <unused> <value> <unused bytes> ... ff
 *     length    1 byte below 254, or fe and 4 bytes LE
 */

import type { Buffer } from "node:buffer";
import { EntryReader } from "./entries.ts";
import { RdbError } from "./error.ts";

const END = 0xff;
const LONG_LENGTH = 0xfe;
const COUNT_UNKNOWN = 0xfe;

/** Reads a zipmap: field, value, field, value. */
export class ZipmapReader extends EntryReader {
  #at: number;
  #seen = 0;
  readonly #count: number;

  /**
   * A reader of the zipmap that is `buf[start .. end)`.
   *
   * @throws {RdbError} it has no end.
   */
  constructor(buf: Buffer, start: number, private readonly end: number) {
    super(buf);
    if (end - start < 2 || buf[end - 1] !== END) throw new RdbError("a zipmap has no end", start);
    this.#count = buf[start];
    this.#at = start + 1;
  }

  override next(): boolean {
    const isField = (this.#seen & 1) === 0;
    if (isField && this.buf[this.#at] === END) {
      const counted = this.#count >= COUNT_UNKNOWN || this.#count === this.#seen >> 1;
      if (this.#at !== this.end - 1 || !counted) {
        throw new RdbError("a zipmap ends too soon", this.#at);
      }
      return false;
    }
    const length = this.#length();
    const unused = isField ? 0 : this.buf[this.#skip(1)];
    const start = this.#skip(length);
    this.#skip(unused);
    this.#seen++;
    return this.found(start, start + length);
  }

  #length(): number {
    const first = this.buf[this.#skip(1)];
    if (first < LONG_LENGTH) return first;
    if (first === END) throw new RdbError("a zipmap ends too soon", this.#at);
    return this.buf.readUInt32LE(this.#skip(4));
  }

  #skip(count: number): number {
    if (this.#at + count > this.end - 1) throw new RdbError("a zipmap ends too soon", this.#at);
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
