/** What all compact encodings of RDB (listpack, ziplist, intset, zipmap) are read as: entries. */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import { type Int64, INT64_LENGTH_MAX, writeInt64 } from "../../numbers/int64.ts";

/** The entry at hand if it is an integer: of readers there is one at a time. */
const digits = newBytes(INT64_LENGTH_MAX);

/** Entries one after another. The entry is valid until this or another reader steps on. */
export abstract class EntryReader {
  /** The buffer that holds the entry ... */
  bytes: Buffer;
  /** ... from here ... */
  start = 0;
  /** ... up to here. */
  stop = 0;
  /** The entry, if it is kept as an integer: rounded, if it has more than 53 bits. */
  integer: number | undefined;

  /** @param buf what is read from. */
  constructor(readonly buf: Buffer) {
    this.bytes = buf;
  }

  /**
   * Steps to the next entry; false: that was all, and the whole was well formed.
   *
   * @throws {RdbError} the bytes are broken.
   */
  abstract next(): boolean;

  /** The entry is `buf[start .. stop)`. */
  protected found(start: number, stop: number): true {
    this.bytes = this.buf;
    this.start = start;
    this.stop = stop;
    this.integer = undefined;
    return true;
  }

  /** The entry is an integer, which is read as its decimal text. */
  protected foundInteger(value: Int64): true {
    this.bytes = digits;
    this.start = 0;
    this.stop = writeInt64(digits, 0, value);
    this.integer = Number(value);
    return true;
  }
}
