/**
 * The streaming RESP decoder: bytes in, commands out, for clients and for the append-only file.
 *
 *     *2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n     an array of bulk strings, or
 *     ECHO "hi"\r\n                        an inline command
 *
 * Promises: the cost is linear in the bytes whatever the chunking - what has been parsed is not
 * parsed again, and the bytes of an argument are moved at most about once on average, by doubling;
 * arguments are offsets into the decoder's own buffer, not copies. Limits and error texts are
 * Redis's (`networking.c` 7.0), found by asking a real server.
 *
 * Like Redis, it takes any byte for the `\n` after a `\r` from a client, and a NUL in a line hides
 * the line's end (Redis looks for it with `strchr`). Unlike there, how the bytes are cut into reads
 * makes no difference to the limit of a line. In `strict` mode, for files, every byte must be right,
 * inline commands are refused and lines that begin with `#` are skipped.
 */

import type { Buffer } from "node:buffer";
import { newBytes, viewOf } from "../memory/bytes.ts";
import type { KeysAhead } from "../memory/keys_ahead.ts";
import { parseInt64 } from "../numbers/int64.ts";
import { Args } from "./args.ts";
import { lookAhead } from "./lookahead.ts";
import { readPlainLine, splitInline } from "./inline.ts";
import { readShortArguments } from "./short_arguments.ts";
import { SHORT_COUNT, SHORT_HEADER_BYTES, shortHeader } from "./short_header.ts";
import { type DecoderLimits, ProtocolError, QueryTooLargeError } from "./protocol_error.ts";

export { type DecoderLimits, ProtocolError, QueryTooLargeError };

const CR = 13;
const LF = 10;
const ASTERISK = 42;
const DOLLAR = 36;
const HASH = 35;
const ZERO = 48;
const NUL = 0;

/** Longest line that is not a bulk string (PROTO_INLINE_MAX_SIZE). */
const LINE_BYTES_MAX = 64 * 1024;
/** Most arguments of a command (`INT_MAX`): what bounds them is `queryBytesMax`. */
const ARGS_MAX = 2 ** 31 - 1;
/** After a command with more offsets than this, the room for them is given back. */
const BOUNDS_KEPT_MAX = 1024;
/** Most arguments, and longest argument, of a client that has not authenticated. */
const UNAUTHENTICATED_ARGS_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16384;
const BULK_LINE_TOO_LONG = "too big bulk count string";
/** Digits of the longest length worth reading at once; longer ones take the careful way. */
const QUICK_DIGITS_MAX = 15;

/** A buffer starts with this size ... */
const BUFFER_BYTES_MIN = 1024;
/** ... and is doubled by reads that fill it, up to this size; only one command takes more. */
const BUFFER_BYTES_KEPT_MAX = 64 * 1024;
/** No buffer is larger than the offsets of {@linkcode Args} can tell ... */
const BUFFER_BYTES_MAX = 2 ** 31 - 1;
/** ... and one command takes no more of it than leaves room for a read, whatever the limits allow. */
const HELD_BYTES_MAX = BUFFER_BYTES_MAX - BUFFER_BYTES_KEPT_MAX;
/** After so many reads in a row that used less than an eighth of it, a buffer is halved. */
const SMALL_READS_MAX = 64;

/** A streaming decoder with a buffer of its own. */
export class Decoder {
  /** The command that {@linkcode Decoder.next} found; valid until the next call. */
  readonly args: Args;
  /** Whether the command came as an array in exactly the form that the encoder would give it. */
  canonical = false;

  readonly #limits: DecoderLimits;
  readonly #strict: boolean;
  #buf: Buffer;
  #view: DataView;
  /** What is parsed ends here ... */
  #pos = 0;
  /** ... and what has arrived ends here. */
  #end = 0;
  /** Where the command under way, or the last one, begins. */
  #start = 0;
  /** Arguments of the command under way that are still to come; 0: between commands. */
  #missing = 0;
  /** Length of the argument under way; -1: not known yet. */
  #bulk = -1;
  /** No line end between `#pos` and here. */
  #searched = 0;
  /** How many reads in a row have used little of the buffer. */
  #smallReads = 0;
  /** Offset in the stream of the buffer's first byte. */
  #base = 0;

  /** @param limits read at every command, so they may change. @param strict for files. */
  constructor(limits: DecoderLimits, options: { strict?: boolean; bufferBytes?: number } = {}) {
    this.#limits = limits;
    this.#strict = options.strict ?? false;
    this.#buf = newBytes(options.bufferBytes ?? BUFFER_BYTES_MIN);
    this.#view = viewOf(this.#buf)!;
    this.args = new Args(this.#buf);
  }

  /** Offset in the stream where the last command (or the one under way) begins. */
  get commandStart(): number {
    return this.#base + this.#start;
  }

  /** Offset in the stream just past the last command. */
  get commandEnd(): number {
    return this.#base + this.#pos;
  }

  /** The buffer with the last command, which stands at `rawStart .. rawEnd`. */
  get raw(): Buffer {
    return this.#buf;
  }

  /** Offset in `raw` where the last command begins. */
  get rawStart(): number {
    return this.#start;
  }

  /** Offset in `raw` where the last command ends. */
  get rawEnd(): number {
    return this.#pos;
  }

  /** Bytes that have arrived and are not part of a finished command. */
  get pendingBytes(): number {
    return this.#end - (this.#missing > 0 ? this.#start : this.#pos);
  }

  /** Size of the buffer in bytes. */
  get bufferBytes(): number {
    return this.#buf.length;
  }

  /**
   * Room to read into; tell {@linkcode Decoder.filled} how much came. Invalidates `args`.
   *
   * @throws {QueryTooLargeError} when the command under way has outgrown its limit.
   */
  space(): Uint8Array {
    this.#makeRoom();
    return this.#end === 0 ? this.#buf : this.#buf.subarray(this.#end);
  }

  /** `count` bytes were read into the room that {@linkcode Decoder.space} gave. */
  filled(count: number): void {
    this.#smallReads = count * 8 < this.#buf.length ? this.#smallReads + 1 : 0;
    this.#end += count;
    if (this.#end > this.#buf.length) throw new RangeError("decoder: more filled than there is");
  }

  /**
   * Adds the keys of commands that {@linkcode Decoder.next} will find. Returns how many commands were
   * seen, `count_max` at most.
   */
  lookAhead(keys: KeysAhead, count_max: number): number {
    if (this.#missing > 0) return 0;
    return lookAhead(this.#buf, this.#view, this.#pos, this.#end, keys, count_max);
  }

  /**
   * Looks for the next whole command. True: it is in `args`.
   *
   * @throws {ProtocolError} when the bytes are not RESP; the decoder is then of no further use.
   */
  next(): boolean {
    for (;;) {
      if (this.#missing === 0) {
        this.#start = this.#pos;
        if (this.#pos === this.#end) return false;
        const first = this.#buf[this.#pos];
        if (first === ASTERISK) {
          if (!this.#readCount()) return false;
          if (this.#missing === 0) continue; // *0 and *-1 are no commands
        } else {
          const done = this.#strict ? this.#skipAnnotation(first) : this.#readInline();
          if (!done) return false;
          if (this.args.count === 0 || this.#strict) continue; // an empty line
          return true;
        }
      }
      return this.#readArguments();
    }
  }

  /** Reads `*<count>\r\n`. False: there is more to come. */
  #readCount(): boolean {
    if (this.#end - this.#pos >= SHORT_HEADER_BYTES) {
      const short = shortHeader(this.#view.getInt32(this.#pos), SHORT_COUNT);
      if (short > 0) {
        this.canonical = true;
        this.#pos = this.#searched = this.#pos + SHORT_HEADER_BYTES;
        return this.#begin(short);
      }
    }
    const count = this.#readLength("too big mbulk count string", "invalid multibulk length");
    if (count === undefined) return false;
    if (count > ARGS_MAX) this.#fail("invalid multibulk length");
    if (count > UNAUTHENTICATED_ARGS_MAX && !this.#limits.authenticated) {
      this.#fail("unauthenticated multibulk length");
    }
    if (this.#strict && count <= 0) this.#fail("invalid multibulk length");
    return this.#begin(Math.max(count, 0));
  }

  /** Arguments follow. */
  #begin(count: number): true {
    const { args } = this;
    args.buf = this.#buf;
    args.count = 0;
    if (args.bounds.length > BOUNDS_KEPT_MAX) args.bounds = new Int32Array(BOUNDS_KEPT_MAX);
    this.#missing = count;
    this.#bulk = -1;
    return true;
  }

  /** Reads the arguments that are missing. True: all are there. */
  #readArguments(): boolean {
    const { args } = this;
    const { bulkBytesMax } = this.#limits;
    if (this.#bulk < 0) this.#readShortArguments(bulkBytesMax);
    while (this.#missing > 0) {
      if (this.#bulk < 0) {
        if (this.#pos === this.#end) return false;
        if (this.#buf[this.#pos] !== DOLLAR && !this.#refuseArgument()) return false;
        const length = this.#readLength(BULK_LINE_TOO_LONG, "invalid bulk length");
        if (length === undefined) return false;
        if (length < 0 || length > bulkBytesMax) this.#fail("invalid bulk length");
        if (length > UNAUTHENTICATED_BULK_BYTES_MAX && !this.#limits.authenticated) {
          this.#fail("unauthenticated bulk length");
        }
        this.#bulk = length;
      }
      const end = this.#pos + this.#bulk;
      if (end + 2 > this.#end) return false;
      if (this.#buf[end] !== CR || this.#buf[end + 1] !== LF) {
        if (this.#strict) this.#fail("bulk string without its line end");
        this.canonical = false;
      }
      args.push(this.#pos, end);
      this.#pos = end + 2;
      this.#searched = this.#pos;
      this.#bulk = -1;
      this.#missing--;
    }
    return true;
  }

  #readShortArguments(length_max: number): void {
    const { count } = this.args;
    const missing = this.#missing;
    this.#pos = readShortArguments(
      this.args,
      this.#view,
      this.#pos,
      this.#end,
      missing,
      length_max,
    );
    this.#missing -= this.args.count - count;
    this.#searched = Math.max(this.#searched, this.#pos);
  }

  /** The argument under way does not begin with `$`: fails once its line is whole. */
  #refuseArgument(): false {
    if (this.#strict || this.#findLineEnd(CR, BULK_LINE_TOO_LONG) >= 0) {
      this.#fail(`expected '$', got '${String.fromCharCode(this.#buf[this.#pos])}'`);
    }
    return false;
  }

  /**
   * Reads the number between the byte at `#pos` and the line end, and steps past it. Undefined:
   * there is more to come, and nothing has changed.
   */
  #readLength(tooLong: string, invalid: string): number | undefined {
    const buf = this.#buf;
    const limit = Math.min(this.#end - 1, this.#pos + 1 + QUICK_DIGITS_MAX);
    let at = this.#pos + 1;
    let value = 0;
    for (; at < limit; at++) {
      const digit = buf[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = at - this.#pos - 1;
    const plain = digits === 1 || (digits > 1 && buf[this.#pos + 1] !== ZERO);
    if (at < limit && buf[at] === CR && buf[at + 1] === LF && plain) {
      if (this.#missing === 0) this.canonical = true;
      this.#pos = this.#searched = at + 2;
      return value;
    }
    return this.#readOddLength(tooLong, invalid);
  }

  /** The careful way: negative, incomplete, overlong or wrong. */
  #readOddLength(tooLong: string, invalid: string): number | undefined {
    const lineEnd = this.#findLineEnd(CR, tooLong);
    if (lineEnd < 0) return undefined;
    const value = parseInt64(this.#buf, this.#pos + 1, lineEnd);
    if (value === undefined) this.#fail(invalid);
    if (this.#buf[lineEnd + 1] !== LF && this.#strict) this.#fail(invalid);
    this.canonical = false;
    this.#pos = this.#searched = lineEnd + 2;
    return Number(value);
  }

  /**
   * Offset where the line from `#pos` on ends: of its `\n`, or of a `\r` that another byte follows.
   * -1: it has not arrived. What has been searched is not searched again.
   */
  #findLineEnd(byte: typeof CR | typeof LF, tooLong: string): number {
    const from = Math.max(this.#searched, this.#pos);
    const unsearched = this.#buf.subarray(from, this.#end);
    if (this.#strict || unsearched[0] !== NUL) {
      const found = unsearched.indexOf(byte);
      const nul = this.#strict ? -1 : unsearched.subarray(0, found < 0 ? undefined : found)
        .indexOf(NUL);
      const at = from + (nul >= 0 ? nul : found >= 0 ? found : unsearched.length);
      this.#searched = at;
      if (nul < 0 && found >= 0 && at - this.#pos <= LINE_BYTES_MAX) {
        return byte === LF || at + 1 < this.#end ? at : -1;
      }
    }
    if (this.#end - this.#pos > LINE_BYTES_MAX) this.#fail(tooLong);
    return -1;
  }

  /** Reads an inline command into `args`. False: there is more to come. */
  #readInline(): boolean {
    const past = readPlainLine(this.args, this.#buf, this.#pos, this.#end);
    if (past >= 0) {
      this.canonical = false;
      this.#pos = this.#searched = past;
      return true;
    }
    const lineFeed = this.#findLineEnd(LF, "too big inline request");
    if (lineFeed < 0) return false;
    const end = lineFeed > this.#pos && this.#buf[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    const words = splitInline(this.#buf.subarray(this.#pos, end));
    if (words === undefined) this.#fail("unbalanced quotes in request");
    this.canonical = false;
    this.#pos = this.#searched = lineFeed + 1;
    const inline = Args.of(...words);
    this.args.buf = inline.buf;
    this.args.bounds = inline.bounds;
    this.args.count = inline.count;
    return true;
  }

  /** Strict mode: steps over a line that begins with `#`. False: there is more to come. */
  #skipAnnotation(first: number): boolean {
    if (first !== HASH) this.#fail(`expected '*', got '${String.fromCharCode(first)}'`);
    const lineFeed = this.#findLineEnd(LF, "annotation without its line end");
    if (lineFeed < 0) return false;
    this.#pos = this.#searched = lineFeed + 1;
    return true;
  }

  /** Sees to it that there is room behind what has arrived. */
  #makeRoom(): void {
    const held = this.pendingBytes;
    const size = this.#buf.length;
    if (held > Math.min(this.#limits.queryBytesMax, HELD_BYTES_MAX)) throw new QueryTooLargeError();
    if (this.#end === size && size < BUFFER_BYTES_KEPT_MAX) {
      this.#rebase(size * 2); // a read has filled it: there is more where that came from
    } else if (held === 0) {
      this.#rebase(this.#strict ? size : this.#idleSize(size));
    } else {
      const wanted = this.#bulk >= 0 ? this.#pos + this.#bulk + 2 - this.#end : 1;
      if (this.#end + Math.min(wanted, BUFFER_BYTES_MIN) <= size) return;
      // Doubling keeps the moving of bytes linear; one argument gets no more room than it takes.
      const roomy = (size - held) * 2 >= size;
      const grown = this.#bulk >= 0
        ? Math.max(size, Math.min(size * 2, held + wanted + BUFFER_BYTES_MIN))
        : size * 2;
      this.#rebase(roomy ? size : Math.min(grown, BUFFER_BYTES_MAX));
    }
  }

  /** What a buffer of `size` becomes between commands: half, if that would do. */
  #idleSize(size: number): number {
    if (this.#smallReads < SMALL_READS_MAX || size <= BUFFER_BYTES_MIN) {
      return Math.min(size, BUFFER_BYTES_KEPT_MAX);
    }
    this.#smallReads = 0;
    return Math.min(Math.max(size >>> 1, BUFFER_BYTES_MIN), BUFFER_BYTES_KEPT_MAX);
  }

  /** Moves what is pending to the beginning of a buffer of `size` bytes. */
  #rebase(size: number): void {
    const from = this.#missing > 0 ? this.#start : this.#pos;
    const held = this.#end - from;
    if (size === this.#buf.length) {
      if (held > 0) this.#buf.copyWithin(0, from, this.#end);
    } else {
      const moved = newBytes(size);
      if (held > 0) moved.set(this.#buf.subarray(from, this.#end));
      this.#buf = moved;
      this.#view = viewOf(moved)!;
    }
    const { args } = this;
    if (this.#missing > 0 && from > 0) {
      for (let i = 0; i < args.count * 2; i++) args.bounds[i] -= from;
    }
    args.buf = this.#buf;
    this.#base += from;
    this.#start -= from;
    this.#pos -= from;
    this.#searched = Math.max(this.#searched - from, 0);
    this.#end = held;
    if (this.#missing === 0) this.#start = 0;
  }

  #fail(message: string): never {
    throw new ProtocolError(message, this.#base + this.#pos);
  }
}
