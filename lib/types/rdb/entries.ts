/** What all compact encodings of RDB (listpack, ziplist, intset, zipmap) are read as: entries. */

import { Buffer } from "node:buffer";
import { type Int64, INT64_LENGTH_MAX, writeInt64 } from "../../numbers/int64.ts";

/** Entries one after another. */
export abstract class EntryReader {
  /** The buffer that holds the entry ... */
  bytes: Buffer;
  /** ... from here ... */
  start = 0;
  /** ... up to here. It is valid until the next call of {@linkcode EntryReader.next}. */
  stop = 0;
  readonly #digits = Buffer.alloc(INT64_LENGTH_MAX);

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
    return true;
  }

  /** The entry is an integer, which is read as its decimal text. */
  protected foundInteger(value: Int64): true {
    this.bytes = this.#digits;
    this.start = 0;
    this.stop = writeInt64(this.#digits, 0, value);
    return true;
  }
}
