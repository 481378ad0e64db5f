/**
 * Intsets: integers in ascending order, all of one width.
 *
 *     <4 bytes LE: bytes an integer, 2, 4 or 8> <4 bytes LE: how many> <integers, LE>
 */

import type { Buffer } from "node:buffer";
import { type Int64, normalizeInt64 } from "../../numbers/int64.ts";
import { EntryReader } from "./entries.ts";
import { RdbError } from "./error.ts";
import { int16At, int32At, uint32At } from "./words.ts";
import type { RdbWriter } from "./writer.ts";

/** Bytes before the first integer. */
export const INTSET_HEADER_BYTES = 8;

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
    this.#width = intsetWidth(buf, start, end);
    this.#at = start + INTSET_HEADER_BYTES;
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

/**
 * Bytes an integer of the intset that is `buf[start .. end)`.
 *
 * @throws {RdbError} its size is wrong.
 */
function intsetWidth(buf: Buffer, start: number, end: number): number {
  if (end - start < INTSET_HEADER_BYTES) throw new RdbError("an intset has no header", start);
  const width = int32At(buf, start);
  const known = width === 2 || width === 4 || width === 8;
  if (!known || uint32At(buf, start + 4) * width !== end - start - INTSET_HEADER_BYTES) {
    throw new RdbError("an intset has a wrong size", start);
  }
  return width;
}

/**
 * Checks that `buf[start .. end)` is an intset, all of it, without making its integers.
 *
 * @throws {RdbError} its size is wrong, or its integers do not ascend.
 */
export function checkIntset(buf: Buffer, start: number, end: number): void {
  const width = intsetWidth(buf, start, end);
  const first = start + INTSET_HEADER_BYTES;
  for (let at = first + width; at < end; at += width) {
    if (!ascends(buf, at, width)) throw new RdbError("an intset is not in order", at);
  }
}

/** Whether the integer at `at` is above the one before it. */
function ascends(buf: Buffer, at: number, width: number): boolean {
  if (width === 2) return int16At(buf, at) > int16At(buf, at - 2);
  if (width === 4) return int32At(buf, at) > int32At(buf, at - 4);
  const high = int32At(buf, at + 4);
  const before = int32At(buf, at - 4);
  return high > before || (high === before && uint32At(buf, at) > uint32At(buf, at - 8));
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
