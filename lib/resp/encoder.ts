/**
 * Commands as RESP arrays: what is logged, in the form that the decoder calls canonical.
 *
 *     encoder.command("PEXPIREAT", key, 1700000000000)
 *     *3\r\n$9\r\nPEXPIREAT\r\n$3\r\nkey\r\n$13\r\n1700000000000\r\n
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import { writeInt } from "../numbers/int64.ts";
import type { Args } from "./args.ts";

/** An argument to be encoded: text is latin1, one byte a character. */
export type Part = string | number | bigint | Uint8Array;

const CR = 13;
const LF = 10;
const ASTERISK = 42;
const DOLLAR = 36;
const HEADER_BYTES_MAX = 32;
const BYTES_MIN = 1024;
/** After a command larger than this the buffer is made small again. */
const BYTES_KEPT_MAX = 1 << 20;

/** Encodes commands into a buffer that is used again and again. */
export class CommandEncoder {
  /** The encoded commands stand in `buf[0 .. length)`. */
  buf: Buffer = newBytes(BYTES_MIN);
  /** Bytes encoded since the last {@linkcode CommandEncoder.clear}. */
  length = 0;

  /** Adds one command. */
  command(...parts: readonly Part[]): void {
    this.commandOf(parts);
  }

  /** Adds one command of any number of arguments: a call takes no more than some 100,000. */
  commandOf(parts: readonly Part[]): void {
    this.#header(ASTERISK, parts.length);
    for (const part of parts) {
      if (part instanceof Uint8Array) this.bulk(part, 0, part.length);
      else this.text(String(part));
    }
  }

  /** Begins a command of `count` arguments: as many calls of `bulk` and `text` must follow. */
  begin(count: number): void {
    this.#header(ASTERISK, count);
  }

  /** One argument of a command that was begun: `bytes[start .. end)`. */
  bulk(bytes: Uint8Array, start: number, end: number): void {
    this.#header(DOLLAR, end - start);
    this.#reserve(end - start + 2);
    copyBytes(bytes, start, end, this.buf, this.length);
    this.length += end - start;
    this.buf[this.length++] = CR;
    this.buf[this.length++] = LF;
  }

  /** One argument of a command that was begun, as latin1. */
  text(text: string): void {
    this.#header(DOLLAR, text.length);
    this.#reserve(text.length + 2);
    this.length += this.buf.write(text, this.length, "latin1");
    this.buf[this.length++] = CR;
    this.buf[this.length++] = LF;
  }

  /** Adds the command that `args` holds. */
  args(args: Args): void {
    this.#header(ASTERISK, args.count);
    for (let i = 0; i < args.count; i++) this.bulk(args.buf, args.start(i), args.end(i));
  }

  /** Adds bytes that are encoded already. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    copyBytes(bytes, start, end, this.buf, this.length);
    this.length += end - start;
  }

  /** Forgets what was encoded. */
  clear(): void {
    this.length = 0;
    if (this.buf.length > BYTES_KEPT_MAX) this.buf = newBytes(BYTES_MIN);
  }

  #header(type: number, value: number): void {
    this.#reserve(HEADER_BYTES_MAX);
    this.buf[this.length++] = type;
    this.length = writeInt(this.buf, this.length, value);
    this.buf[this.length++] = CR;
    this.buf[this.length++] = LF;
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.buf.length) return;
    const grown = newBytes(Math.max(this.buf.length * 2, this.length + bytes));
    grown.set(this.buf.subarray(0, this.length));
    this.buf = grown;
  }
}
