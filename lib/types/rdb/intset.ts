/**
 * Intsets: integers in ascending order, all of one width.
 *
 *     <4 bytes LE: bytes an integer, 2, 4 or 8> <4 bytes LE: how many> <integers, LE>
 */

import type { Buffer } from "node:buffer";
import { type Int64, normalizeInt64 } from "../../numbers/int64.ts";
import { EntryReader } from "./entries.ts";
import { RdbError } from "./error.ts";
import type { RdbWriter } from "./writer.ts";

const HEADER_BYTES = 8;

/** Reads an intset integer by integer. */
export class IntsetReader extends EntryReader {
  #at: number;
  #before: Int64 | undefined;
  readonly #width: number;

  /**
   * A reader of the intset that is `buf[start .. end)`.
   *
   * @throws {RdbError} its size is wrong.
   */
  constructor(buf: Buffer, start: number, private readonly end: number) {
    super(buf);
    if (end - start < HEADER_BYTES) throw new RdbError("an intset has no header", start);
    this.#width = buf.readUInt32LE(start);
    const known = this.#width === 2 || this.#width === 4 || this.#width === 8;
    if (!known || buf.readUInt32LE(start + 4) * this.#width !== end - start - HEADER_BYTES) {
      throw new RdbError("an intset has a wrong size", start);
    }
    this.#at = start + HEADER_BYTES;
  }

  override next(): boolean {
    if (this.#at === this.end) return false;
    const value = this.#width === 8
      ? normalizeInt64(this.buf.readBigInt64LE(this.#at))!
      : this.buf.readIntLE(this.#at, this.#width);
    if (this.#before !== undefined && value <= this.#before) {
      throw new RdbError("an intset is not in order", this.#at);
    }
    this.#before = value;
    this.#at += this.#width;
    return this.foundInteger(value);
  }
}

/** Writes integers, given in ascending order, as an intset in the place of a string. */
export function writeIntset(
  writer: RdbWriter,
  values: readonly Int64[],
  scratch: RdbWriter,
): void {
  const low = values[0];
  const high = values[values.length - 1];
  const width = low >= -0x8000 && high <= 0x7fff
    ? 2
    : low >= -0x80000000 && high <= 0x7fffffff
    ? 4
    : 8;
  scratch.clear();
  scratch.uint32(width);
  scratch.uint32(values.length);
  for (const value of values) {
    if (width === 2) scratch.uint16(Number(value) & 0xffff);
    else if (width === 4) scratch.uint32(Number(value) >>> 0);
    else scratch.int64(value);
  }
  writer.string(scratch.buf, 0, scratch.length);
}
