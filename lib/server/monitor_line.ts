/**
 * A command as MONITOR shows it, in a line:
 *
 *     +1700000000.000042 [0 127.0.0.1:50000] "SET" "key" "a \"quoted\"\r\n\x00 value"\r\n
 *
 * Quoting makes a value up to four times as long. Promise: a line is handed on in pieces of at most
 * {@linkcode PIECE_BYTES}, however long it is, and no further than somebody wants it: a monitor that
 * is closed at its output limit costs no more memory and no more time than that.
 */

import { newBytes } from "../memory/bytes.ts";
import type { Args } from "../resp/args.ts";

/** Nearly all lines are one piece. */
export const PIECE_BYTES = 16 * 1024;
/** A byte becomes so many at most: `\x00`. */
const QUOTED_BYTES_MAX = 4;
const BACKSLASH = 0x5c;
const SMALL_X = 0x78;
const REDACTED = "(redacted)";
const HEX = [..."0123456789abcdef"].map((digit) => digit.charCodeAt(0));

/** How a byte is quoted: as it is, as two hexadecimal digits, or by the letter behind a backslash. */
const AS_IT_IS = 0;
const AS_DIGITS = 1;
const QUOTING = quoting();

function quoting(): Uint8Array {
  const ways = new Uint8Array(256).fill(AS_DIGITS);
  ways.fill(AS_IT_IS, 0x20, 0x7f); // what can be printed
  const letters = { "\n": "n", "\r": "r", "\t": "t", "\x07": "a", "\b": "b", '"': '"', "\\": "\\" };
  for (const [char, letter] of Object.entries(letters)) {
    ways[char.charCodeAt(0)] = letter.charCodeAt(0);
  }
  return ways;
}

/** Writes lines. */
export class MonitorLine {
  readonly #emit: (piece: Uint8Array, length: number) => boolean;
  readonly #buf = newBytes(PIECE_BYTES);
  #at = 0;
  #isWanted = true;

  /**
   * @param emit takes a piece of a line, `piece[0 .. length)`, valid until it returns: false where
   * nobody wants what follows.
   */
  constructor(emit: (piece: Uint8Array, length: number) => boolean) {
    this.#emit = emit;
  }

  /**
   * Writes a line.
   *
   * @param head what stands before the arguments: short, latin1.
   * @param isSecret tells which of the arguments are not to be shown.
   */
  write(head: string, args: Args, isSecret: (i: number) => boolean): void {
    this.#at = 0;
    this.#isWanted = true;
    this.#text(head);
    for (let i = 0; i < args.count && this.#isWanted; i++) {
      this.#text(' "');
      if (isSecret(i)) this.#text(REDACTED);
      else this.#quoted(args.buf, args.start(i), args.end(i));
      this.#text('"');
    }
    this.#text("\r\n");
    this.#handOn();
  }

  #text(text: string): void {
    if (this.#at + text.length > PIECE_BYTES) this.#handOn();
    this.#at += this.#buf.write(text, this.#at, "latin1");
  }

  #quoted(bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    while (from < end && this.#isWanted) {
      const room = Math.floor((PIECE_BYTES - this.#at) / QUOTED_BYTES_MAX);
      const to = Math.min(end, from + room);
      this.#quote(bytes, from, to);
      from = to;
      if (from < end) this.#handOn();
    }
  }

  /** Adds bytes that there is room for. */
  #quote(bytes: Uint8Array, from: number, to: number): void {
    const out = this.#buf;
    let at = this.#at;
    for (let i = from; i < to; i++) {
      const byte = bytes[i];
      const way = QUOTING[byte];
      if (way === AS_IT_IS) {
        out[at++] = byte;
        continue;
      }
      out[at++] = BACKSLASH;
      if (way === AS_DIGITS) {
        out[at++] = SMALL_X;
        out[at++] = HEX[byte >> 4];
        out[at++] = HEX[byte & 15];
      } else {
        out[at++] = way;
      }
    }
    this.#at = at;
  }

  #handOn(): void {
    if (this.#isWanted) this.#isWanted = this.#emit(this.#buf, this.#at);
    this.#at = 0;
  }
}
