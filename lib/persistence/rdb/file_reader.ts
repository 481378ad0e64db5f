/**
 * Reads RDB from a file through a window that slides over it.
 *
 * Promise: no more of the file is in memory than one window, or one string that is larger; the
 * checksum covers every byte that was read over, once. The key of the value that is being read is
 * kept when the window slides.
 */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import type { DiskFile } from "../../platform/disk.ts";
import { Args } from "../../resp/args.ts";
import { Crc64 } from "../../types/rdb/crc64.ts";
import { RdbReader } from "../../types/rdb/reader.ts";

/** Bytes in memory, as a rule. */
const WINDOW_BYTES = 256 * 1024;
/** No window is smaller than this: whatever has a fixed size fits. */
const WINDOW_BYTES_MIN = 64;

/** What is read, and how. */
export interface FileReaderOptions {
  /** Open for reading. */
  readonly file: DiskFile;
  /** Where the RDB begins in the file. */
  readonly from_bytes: number;
  /** Whether the checksum is worked out. */
  readonly verify: boolean;
  /** Bytes read at once, for tests; at least 64 are taken. */
  readonly window_bytes?: number;
}

/** A reader of a file, as {@linkcode RdbReader} is one of a buffer. */
export class RdbFileReader extends RdbReader {
  /** Argument 0 is what {@linkcode RdbFileReader.readKey} has read. */
  readonly key: Args = new Args();
  readonly #file: DiskFile;
  readonly #window_bytes: number;
  readonly #crc: Crc64 | undefined;
  /** Offset in the file of the first byte in `buf`. */
  #base_bytes: number;
  /** Offset in `buf` up to which the checksum covers what was read. */
  #summedTo = 0;
  #ownKey = newBytes(WINDOW_BYTES_MIN);

  /** Reads nothing yet. */
  constructor({ file, from_bytes, verify, window_bytes = WINDOW_BYTES }: FileReaderOptions) {
    super(newBytes(Math.max(window_bytes, WINDOW_BYTES_MIN)), 0, 0);
    this.#file = file;
    this.#window_bytes = this.buf.length;
    this.#base_bytes = from_bytes;
    this.#crc = verify ? new Crc64() : undefined;
    this.beyond = Math.max(file.size() - from_bytes, 0);
    this.key.push(0, 0);
    file.seek(from_bytes);
  }

  /** Offset in the file of what is read next. */
  get offset_bytes(): number {
    return this.#base_bytes + this.at;
  }

  /** The checksum of all that was read; undefined if it is not worked out. */
  checksum(): Crc64 | undefined {
    this.#crc?.update(this.buf, this.#summedTo, this.at);
    this.#summedTo = this.at;
    return this.#crc;
  }

  /** Reads a key: it stays in `key` until the next one is read. */
  readKey(): void {
    // A window that a long string has made larger is given up again.
    if (this.buf.length > this.#window_bytes && this.end - this.at <= this.#window_bytes) {
      this.#moveTo(newBytes(this.#window_bytes));
    }
    this.string();
    // What was unpacked the next string would overwrite.
    if (this.bytes !== this.buf) return this.#keepKey(this.bytes, this.start, this.stop);
    const { key } = this;
    key.buf = this.buf;
    key.bounds[0] = this.start;
    key.bounds[1] = this.stop;
  }

  protected override fill(count: number): void {
    if (count > this.left) throw this.error("the file ends too soon");
    const { key, buf } = this;
    if (key.buf === buf) this.#keepKey(buf, key.start(0), key.end(0));
    this.#moveTo(buf.length >= count ? buf : newBytes(count));
    this.#read();
    // The file has become shorter since its size was asked for.
    if (count > this.end) throw this.error("the file ends too soon");
  }

  /** Moves what is to be read yet to the front of `buf`, which is the window from now on. */
  #moveTo(buf: Buffer): void {
    this.checksum();
    buf.set(this.buf.subarray(this.at, this.end));
    this.buf = buf;
    this.#base_bytes += this.at;
    this.end -= this.at;
    this.#summedTo = this.at = 0;
  }

  #read(): void {
    while (this.beyond > 0 && this.end < this.buf.length) {
      const room = Math.min(this.buf.length - this.end, this.beyond);
      const count = this.#file.read(this.buf.subarray(this.end, this.end + room)) ?? 0;
      if (count === 0) this.beyond = 0;
      this.beyond -= Math.min(count, this.beyond);
      this.end += count;
    }
  }

  #keepKey(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length > this.#ownKey.length) this.#ownKey = newBytes(length);
    bytes.copy(this.#ownKey, 0, start, end);
    this.key.buf = this.#ownKey;
    this.key.bounds[0] = 0;
    this.key.bounds[1] = length;
  }
}
