/**
 * The reply writer: replies of one connection, gathered during a turn, in RESP2 or RESP3.
 *
 * Handlers call one method per value; containers are announced by their length and followed by
 * their elements. Where the two protocols differ (`map`, `null`, `double` ...) the writer chooses.
 *
 *     reply.array(2); reply.bulkText("a"); reply.integer(1);      *2\r\n$1\r\na\r\n:1\r\n
 *
 * Bytes land in one buffer that doubles up to 1 MiB; beyond that it is put aside and another is
 * begun. The owner takes them all with {@linkcode Reply.take}.
 */

import type { Buffer } from "node:buffer";
import { giveBuffer, takeBuffer } from "../memory/buffer_pool.ts";
import { copyBytes, newBytes, viewOf } from "../memory/bytes.ts";
import { formatDouble, printsAsInteger } from "../numbers/double.ts";
import { int64Length, writeInt } from "../numbers/int64.ts";

const encoder = new TextEncoder();
/** Texts that are longer are taken for ASCII, until they turn out not to be. */
const LOOP_LENGTH_MAX = 64;

const CR = 13;
const LF = 10;
const ASTERISK = 42;
const COMMA = 44;
const COLON = 58;
const CRLF = 0x0d0a;
const ZERO = 48;
const DOLLAR = 36;
/** `$0\r\n`. */
const ONE_DIGIT_BULK = 0x24300d0a;
/** `+OK\r`, `$-1\r` and `*-1\r`, which a line feed follows. */
const OK = 0x2b4f4b0d;
const NULL_BULK = 0x242d310d;
const NULL_ARRAY = 0x2a2d310d;
const PERCENT = 37;
const TILDE = 126;
const GREATER = 62;
const UNDERSCORE = 95;

/** A buffer is doubled up to this size; then another is begun. */
const BUFFER_BYTES_MAX = 1 << 20;
const FIRST_BYTES = 16 * 1024;
/** Room that a type byte, a number and two line ends take at most. */
const HEADER_BYTES_MAX = 32;

const NOTHING = newBytes(0);
const NO_VIEW = viewOf(NOTHING)!;

/** A place to go back to, see {@linkcode Reply.mark}. */
export interface ReplyMark {
  /** How often replies had been taken by then. */
  readonly takes: number;
  readonly parts: number;
  readonly at: number;
}

/** Replies that have been taken: `buffer[0 .. length)`, to be given back once sent. */
export interface ReplyPart {
  readonly buffer: Buffer;
  readonly length: number;
}

/** Replies in the making. */
export class Reply {
  /** Whether the client speaks RESP3. */
  resp3 = false;
  /** How many error replies have been written, for statistics and transactions. */
  errorCount = 0;
  /** The text of the last error, without its `-`. */
  lastError = "";

  #buf: Buffer = NOTHING;
  /** Of the same bytes. */
  #view: DataView = NO_VIEW;
  #at = 0;
  /** Full buffers before this one, and how much of each is filled. */
  #parts: ReplyPart[] = [];
  #partsBytes = 0;
  #takes = 0;

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#partsBytes + this.#at;
  }

  /** Size of the buffers that hold them; 0: there are none just now. */
  get bufferBytes(): number {
    return this.#partsBytes + this.#buf.length;
  }

  /** `+OK`. */
  ok(): void {
    this.#fiveBytes(OK);
  }

  /** A simple string: no line ends in it. */
  simple(text: string): void {
    this.#line(0x2b, text);
  }

  /** An error: `text` begins with its code (`ERR ...`); line ends become spaces. */
  error(text: string): void {
    this.errorCount++;
    this.lastError = text;
    this.#line(0x2d, /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, " ") : text);
  }

  /** A 64-bit integer. */
  integer(value: number | bigint): void {
    if (typeof value === "bigint") return this.#line(COLON, value.toString());
    this.#header(COLON, value);
  }

  /** A bulk string: `buf[start .. end)`. */
  bulk(buf: Uint8Array, start = 0, end = buf.length): void {
    const length = end - start;
    this.#reserve(length + HEADER_BYTES_MAX);
    const out = this.#buf; // in one piece: LRANGE and the like write a hundred of these
    const view = this.#view;
    let at = this.#at;
    if (length < 10) {
      view.setInt32(at, ONE_DIGIT_BULK + (length << 16));
      at += 4;
    } else {
      out[at] = DOLLAR;
      at = writeInt(out, at + 1, length);
      view.setUint16(at, CRLF);
      at += 2;
    }
    copyBytes(buf, start, end, out, at);
    view.setUint16(at + length, CRLF);
    this.#at = at + length + 2;
  }

  /** A bulk string of latin1 text: one byte a character. */
  bulkText(text: string): void {
    this.#reserve(text.length + HEADER_BYTES_MAX);
    this.#header(DOLLAR, text.length);
    this.#text(text);
    this.#buf[this.#at++] = CR;
    this.#buf[this.#at++] = LF;
  }

  /** An array of texts as bulk strings. */
  bulkTexts(texts: readonly string[]): void {
    this.array(texts.length);
    for (const text of texts) this.bulkText(text);
  }

  /** An integer as a bulk string. */
  bulkInteger(value: number): void {
    this.#reserve(HEADER_BYTES_MAX);
    this.#header(DOLLAR, int64Length(value));
    const at = writeInt(this.#buf, this.#at, value);
    this.#view.setUint16(at, CRLF);
    this.#at = at + 2;
  }

  /** An array of `count` elements, which follow. */
  array(count: number): void {
    this.#header(ASTERISK, count);
  }

  /** A map of `count` pairs, which follow: a flat array in RESP2. */
  map(count: number): void {
    if (this.resp3) this.#header(PERCENT, count);
    else this.#header(ASTERISK, count * 2);
  }

  /** A set of `count` elements, which follow: an array in RESP2. */
  set(count: number): void {
    this.#header(this.resp3 ? TILDE : ASTERISK, count);
  }

  /** A push message of `count` elements, which follow: an array in RESP2. */
  push(count: number): void {
    this.#header(this.resp3 ? GREATER : ASTERISK, count);
  }

  /** No value, where RESP2 has a null bulk string. */
  null(): void {
    if (this.resp3) this.#line(UNDERSCORE, "");
    else this.#fiveBytes(NULL_BULK);
  }

  /** No value, where RESP2 has a null array. */
  nullArray(): void {
    if (this.resp3) this.#line(UNDERSCORE, "");
    else this.#fiveBytes(NULL_ARRAY);
  }

  /** A double: a bulk string in RESP2. */
  double(value: number): void {
    if (printsAsInteger(value)) { // most scores do
      if (this.resp3) this.#header(COMMA, value);
      else this.bulkInteger(value);
    } else if (this.resp3) {
      this.#line(COMMA, formatDouble(value));
    } else {
      this.bulkText(formatDouble(value));
    }
  }

  /** A boolean: 1 or 0 in RESP2. */
  boolean(value: boolean): void {
    if (this.resp3) this.#line(0x23, value ? "t" : "f");
    else this.integer(value ? 1 : 0);
  }

  /** Text with a format of three letters (`txt`, `mkd`): a bulk string in RESP2. */
  verbatim(format: string, text: string): void {
    if (!this.resp3) return this.bulkText(text);
    this.#header(0x3d, text.length + 4);
    this.#reserve(text.length + HEADER_BYTES_MAX);
    this.#text(`${format}:${text}\r\n`);
  }

  /** Bytes that are RESP already. */
  raw(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#reserve(end - start);
    copyBytes(bytes, start, end, this.#buf, this.#at);
    this.#at += end - start;
  }

  /** The place reached so far. */
  mark(): ReplyMark {
    return { takes: this.#takes, parts: this.#parts.length, at: this.#at };
  }

  /** Whether nothing has been written since `mark` that still waits. */
  isAt(mark: ReplyMark): boolean {
    if (mark.takes !== this.#takes) return this.length === 0;
    return mark.parts === this.#parts.length && mark.at === this.#at;
  }

  /** Takes back what was written since `mark`, as far as it still waits. */
  rewind(mark: ReplyMark): void {
    if (mark.takes !== this.#takes) return this.discard(); // what was before it has gone out
    while (this.#parts.length > mark.parts) {
      giveBuffer(this.#buf);
      const part = this.#parts.pop()!;
      this.#partsBytes -= part.length;
      this.#use(part.buffer);
    }
    this.#at = mark.at;
  }

  /** Forgets everything that waits: the log's replay has no reader. */
  discard(): void {
    if (this.#parts.length > 0) this.rewind({ takes: this.#takes, parts: 0, at: 0 });
    this.#at = 0;
  }

  /**
   * Takes all that is there; the writer begins anew. Give each part back with
   * {@linkcode releaseReply} when it has been sent.
   */
  take(): ReplyPart[] {
    const parts = this.#parts;
    this.#takes++;
    if (this.#at > 0) parts.push({ buffer: this.#buf, length: this.#at });
    else if (this.#buf !== NOTHING) giveBuffer(this.#buf);
    this.#parts = [];
    this.#partsBytes = 0;
    this.#use(NOTHING);
    this.#at = 0;
    return parts;
  }

  /** Four bytes, as a big-endian int32, and a line feed. */
  #fiveBytes(head: number): void {
    this.#reserve(5);
    this.#view.setInt32(this.#at, head);
    this.#buf[this.#at + 4] = LF;
    this.#at += 5;
  }

  #line(type: number, text: string): void {
    this.#reserve(text.length + HEADER_BYTES_MAX);
    this.#buf[this.#at++] = type;
    this.#text(text);
    this.#buf[this.#at++] = CR;
    this.#buf[this.#at++] = LF;
  }

  #header(type: number, value: number): void {
    this.#reserve(HEADER_BYTES_MAX);
    let at = this.#at;
    if (value >= 0 && value < 10) {
      this.#view.setInt32(at, (type << 24) | ((ZERO + value) << 16) | CRLF);
      this.#at = at + 4;
      return;
    }
    this.#buf[at] = type;
    at = writeInt(this.#buf, at + 1, value);
    this.#view.setUint16(at, CRLF);
    this.#at = at + 2;
  }

  #text(text: string): void {
    if (text.length > LOOP_LENGTH_MAX) {
      this.#longText(text);
    } else {
      for (let i = 0; i < text.length; i++) this.#buf[this.#at++] = text.charCodeAt(i);
    }
  }

  /**
   * UTF-8 is written six to forty times as fast as latin1, and is the same where all is ASCII. Where
   * not, it is longer, and does not find room.
   */
  #longText(text: string): void {
    const end = this.#at + text.length;
    const { read } = encoder.encodeInto(text, this.#buf.subarray(this.#at, end));
    if (read < text.length) this.#buf.write(text, this.#at, "latin1");
    this.#at = end;
  }

  #use(buffer: Buffer): void {
    this.#buf = buffer;
    this.#view = viewOf(buffer)!;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#buf.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    const old = this.#buf;
    if (this.#at + bytes <= BUFFER_BYTES_MAX) {
      this.#use(takeBuffer(Math.max(FIRST_BYTES, old.length * 2, this.#at + bytes)));
      copyBytes(old, 0, this.#at, this.#buf, 0);
      if (old !== NOTHING) giveBuffer(old);
      return;
    }
    if (this.#at > 0) {
      this.#parts.push({ buffer: old, length: this.#at });
      this.#partsBytes += this.#at;
    } else if (old !== NOTHING) {
      giveBuffer(old);
    }
    this.#use(takeBuffer(Math.max(BUFFER_BYTES_MAX, bytes)));
    this.#at = 0;
  }
}

/** The bytes of a part, as a view. */
export function replyBytes(part: ReplyPart): Uint8Array<ArrayBuffer> {
  return new Uint8Array(part.buffer.buffer as ArrayBuffer, 0, part.length);
}

/** Gives back the buffer of a part that {@linkcode Reply.take} returned. */
export function releaseReply(part: ReplyPart): void {
  giveBuffer(part.buffer);
}
