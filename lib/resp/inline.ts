/**
 * Inline commands: a line of words as a person types them into telnet.
 *
 *     SET greeting "hello \"world\"\x21\n" 'it\'s'
 *
 * Double quotes know \n \r \t \b \a \xHH and \ before any other character, single quotes know \'
 * only, and a closing quote must be followed by white space or by the end. Vertical tab and form
 * feed may stand between words, but do not end one that is not quoted (`sdssplitargs`).
 */

import type { Buffer } from "node:buffer";
import type { Args } from "./args.ts";

const LF = 10;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;
/** Lines up to this length are looked for in one pass. */
const PLAIN_LINE_BYTES_MAX = 256;
const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, a: 7 };

/** Whether a byte ends a word that is not quoted. */
function endsWord(byte: number): boolean {
  return byte === SPACE || byte === 9 || byte === 10 || byte === 13;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 9 && byte <= 13);
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Splits a line without NULs into its words; undefined: quotes that do not balance. */
export function splitInline(line: Uint8Array): Uint8Array[] | undefined {
  const end = line.length;
  const words: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    while (at < end && isSpace(line[at])) at++;
    if (at >= end) return words;
    const word: number[] = [];
    while (at < end && !endsWord(line[at])) {
      const byte = line[at];
      if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) {
        at = readQuoted(line, at + 1, end, byte, word);
        if (at < 0 || (at < end && !isSpace(line[at]))) return undefined;
        break;
      }
      word.push(byte);
      at++;
    }
    words.push(Uint8Array.from(word));
  }
}

/** Reads up to the closing quote and returns the offset past it; -1: there is none. */
function readQuoted(
  line: Uint8Array,
  at: number,
  end: number,
  quote: number,
  word: number[],
): number {
  for (; at < end; at++) {
    const byte = line[at];
    if (byte === quote) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= end) {
      word.push(byte);
    } else if (quote === SINGLE_QUOTE) {
      if (line[at + 1] === SINGLE_QUOTE) at++;
      word.push(line[at]);
    } else {
      const high = hexDigit(line[at + 2]);
      const low = hexDigit(line[at + 3]);
      if (line[at + 1] === 0x78 && at + 3 < end && high >= 0 && low >= 0) {
        word.push(high * 16 + low);
        at += 3;
      } else {
        at++;
        word.push(ESCAPES[String.fromCharCode(line[at])] ?? line[at]);
      }
    }
  }
  return -1;
}

/**
 * Reads the common inline command into `args`: a short line from `at` on, all here, of words without
 * quotes. Returns where the next line begins; -1: it is none, and nothing has changed but `args`.
 */
export function readPlainLine(args: Args, buf: Buffer, at: number, end: number): number {
  const limit = Math.min(end, at + PLAIN_LINE_BYTES_MAX);
  args.buf = buf;
  args.count = 0;
  let word = -1;
  for (; at < limit; at++) {
    const byte = buf[at];
    if (byte > SINGLE_QUOTE || (byte > SPACE && byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE)) {
      if (word < 0) word = at;
      continue;
    }
    if (!endsWord(byte)) return -1;
    if (word >= 0) args.push(word, at);
    word = -1;
    if (byte === LF) return at + 1;
  }
  return -1;
}
