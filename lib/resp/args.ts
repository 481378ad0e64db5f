/**
 * The arguments of one command, as offsets into the buffer they arrived in.
 *
 * Nothing is copied: an `Args` made by the decoder is valid until the next command is decoded.
 * What must live longer (a queued transaction, a blocked client) takes a {@linkcode Args.copy}.
 *
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n
 *             ^  ^        ^^          ^    ^         argument i is buf[bounds[2i] .. bounds[2i+1])
 */

import { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import { parseInt64 } from "../numbers/int64.ts";

/** Arguments that start with room for this many before their offsets must grow. */
const INITIAL_COUNT = 16;

/** A command's name and arguments; argument 0 is the name. */
export class Args {
  /** The bytes that the offsets point into. */
  buf: Buffer;
  /** Start and end offset of each argument, in turn. */
  bounds: Int32Array;
  /** How many arguments there are, the name included. */
  count = 0;

  /** @param buf the bytes that the offsets will point into. */
  constructor(buf: Buffer = newBytes(0)) {
    this.buf = buf;
    this.bounds = new Int32Array(2 * INITIAL_COUNT);
  }

  /** Makes arguments of their own from texts (latin1, one byte a character) and byte arrays. */
  static of(...parts: readonly (string | Uint8Array)[]): Args {
    const chunks = parts.map((part) =>
      typeof part === "string" ? Buffer.from(part, "latin1") : part
    );
    const args = new Args(Buffer.concat(chunks));
    let offset = 0;
    for (const chunk of chunks) {
      args.push(offset, offset + chunk.length);
      offset += chunk.length;
    }
    return args;
  }

  /** Adds an argument that is `buf[start .. end)`. */
  push(start: number, end: number): void {
    const at = this.count * 2;
    if (at === this.bounds.length) {
      const wider = new Int32Array(this.bounds.length * 2);
      wider.set(this.bounds);
      this.bounds = wider;
    }
    this.bounds[at] = start;
    this.bounds[at + 1] = end;
    this.count++;
  }

  /** Offset of the first byte of argument `i`. */
  start(i: number): number {
    return this.bounds[i * 2];
  }

  /** Offset just past the last byte of argument `i`. */
  end(i: number): number {
    return this.bounds[i * 2 + 1];
  }

  /** Length of argument `i` in bytes. */
  length(i: number): number {
    return this.bounds[i * 2 + 1] - this.bounds[i * 2];
  }

  /** Argument `i` as a view: valid as long as the arguments are. */
  bytes(i: number): Buffer {
    return this.buf.subarray(this.start(i), this.end(i));
  }

  /** Argument `i` as text, one character a byte (latin1). */
  text(i: number): string {
    return this.buf.toString("latin1", this.start(i), this.end(i));
  }

  /** Whether argument `i` is `word` whatever its case; `word` is given in capitals. */
  is(i: number, word: string): boolean {
    const start = this.start(i);
    if (this.end(i) - start !== word.length) return false;
    for (let k = 0; k < word.length; k++) {
      let byte = this.buf[start + k];
      if (byte >= 97 && byte <= 122) byte -= 32;
      if (byte !== word.charCodeAt(k)) return false;
    }
    return true;
  }

  /**
   * Argument `i` as a signed 64-bit integer by Redis's strict rules (no spaces, no plus sign, no
   * leading zeros): a number while it is a safe integer, a bigint beyond; undefined if it is none.
   */
  int64(i: number): number | bigint | undefined {
    return parseInt64(this.buf, this.start(i), this.end(i));
  }

  /** Length of all arguments in bytes. */
  get size_bytes(): number {
    let size_bytes = 0;
    for (let i = 0; i < this.count; i++) size_bytes += this.length(i);
    return size_bytes;
  }

  /** Arguments with bytes of their own, for as long as needed. */
  copy(): Args {
    const copy = new Args(newBytes(this.size_bytes));
    copy.bounds = new Int32Array(2 * this.count);
    this.copyTo(copy);
    return copy;
  }

  /** Makes `other` the same arguments, with copies of the bytes in its buffer, which has room. */
  copyTo(other: Args): void {
    other.count = 0;
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      const end = at + this.length(i);
      copyBytes(this.buf, this.start(i), this.end(i), other.buf, at);
      other.push(at, end);
      at = end;
    }
  }
}
