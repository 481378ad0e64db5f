/**
 * The two lines that frame a batch in an incremental file (the format and its rules stand in
 * lib/persistence/README.md):
 *
 *     #B:<length>\r\n
 *     <length bytes of commands>
 *     #S:<offset>,<length>,<commands>,<time>,<synced>,<chain>,<check>\r\n
 *
 * Promises: what is parsed is exactly what formatting would have given, byte for byte - numbers
 * without leading zeros, checksums in 8 lower-case digits -, so that no changed byte of a line goes
 * unnoticed; and no line is longer than `redis-check-aof` can read.
 */

import { crc32 } from "../../numbers/crc32.ts";
import { latin1 } from "../../memory/bytes.ts";
import { TIMESTAMP_START } from "./timestamp.ts";

export { crc32 };

const HASH = 35;
const ASTERISK = 42;
const LETTER_B = 66;
const LETTER_S = 83;
const COLON = 58;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const LETTER_A = 97;
const CR = 13;
const LF = 10;

const PREFIX_BYTES = 3;
const LINE_END_BYTES = 2;
const CHECKSUM_DIGITS = 8;
/** Of a number: up to 10^15 - 1, which is exact in a double. */
const DIGITS_MAX = 15;
const NUMBERS = 5;
const INT32_MAX = 2 ** 31 - 1;

/** Longest `#B` line, its end included. */
export const HEAD_BYTES_MAX = PREFIX_BYTES + DIGITS_MAX + LINE_END_BYTES;
/** Longest `#S` line, its end included; `redis-check-aof` reads lines of up to 127 bytes. */
export const SEAL_BYTES_MAX = PREFIX_BYTES + NUMBERS * (DIGITS_MAX + 1) +
  2 * CHECKSUM_DIGITS + 1 + LINE_END_BYTES;

/** What stands in the line behind a batch. */
export interface Seal {
  /** Of the batch's `#B` line in the file, in bytes. */
  readonly offset: number;
  /** Bytes of the commands. */
  readonly length: number;
  /** How many commands, MULTI, EXEC and SELECT counted; of no bytes: see `ENDS` in file_end.ts. */
  readonly commands: number;
  /** Seconds since the epoch when the batch was written. */
  readonly time_s: number;
  /** So many bytes of this file were on stable storage when the batch was written. */
  readonly synced: number;
  /** CRC-32 of the commands, begun with that of the batch before. */
  readonly chain: number;
}

/** A `#B` line. @param length bytes of the commands that follow. */
export function formatHead(length: number): Uint8Array {
  const line = new Uint8Array(HEAD_BYTES_MAX);
  return line.subarray(0, writeHead(line, 0, length));
}

/** A `#S` line. */
export function formatSeal(seal: Seal): Uint8Array {
  const line = new Uint8Array(SEAL_BYTES_MAX);
  return line.subarray(0, writeSeal(line, 0, seal));
}

/** Writes a `#B` line at `at`, where {@linkcode HEAD_BYTES_MAX} bytes are free; returns its end. */
export function writeHead(into: Uint8Array, at: number, length: number): number {
  return lineEnd(into, writeNumber(into, prefix(into, at, LETTER_B), length));
}

/** Writes a `#S` line at `at`, where {@linkcode SEAL_BYTES_MAX} bytes are free; returns its end. */
export function writeSeal(into: Uint8Array, at: number, seal: Seal): number {
  let end = writeNumber(into, prefix(into, at, LETTER_S), seal.offset);
  end = writeNumber(into, comma(into, end), seal.length);
  end = writeNumber(into, comma(into, end), seal.commands);
  end = writeNumber(into, comma(into, end), seal.time_s);
  end = writeNumber(into, comma(into, end), seal.synced);
  end = writeChecksum(into, comma(into, end), seal.chain);
  const check = crc32(into, at, end);
  return lineEnd(into, writeChecksum(into, comma(into, end), check));
}

/** A line that was read, and where it ends. */
export interface ParsedHead {
  /** Bytes of the commands that follow. */
  readonly length: number;
  /** Index behind the line end. */
  readonly end: number;
}

/** Reads the `#B` line that begins at `start`; undefined if there is none, whole, before `end`. */
export function parseHead(bytes: Uint8Array, start: number, end: number): ParsedHead | undefined {
  const from = afterPrefix(bytes, start, end, LETTER_B);
  const to = numberEnd(bytes, from, end, CR);
  if (from < 0 || !endsLine(bytes, to, end)) return undefined;
  return { length: readNumber(bytes, from, to), end: to + LINE_END_BYTES };
}

/** A seal that was read, and where its line ends. */
export interface ParsedSeal {
  /** What it says. */
  readonly seal: Seal;
  /** Index behind the line end. */
  readonly end: number;
}

/**
 * Reads the `#S` line that begins at `start`; undefined if there is none, whole and with the right
 * `check`, before `end`.
 */
export function parseSeal(bytes: Uint8Array, start: number, end: number): ParsedSeal | undefined {
  const at0 = afterPrefix(bytes, start, end, LETTER_S);
  const to0 = numberEnd(bytes, at0, end, COMMA);
  const to1 = numberEnd(bytes, to0 + 1, end, COMMA);
  const to2 = numberEnd(bytes, to1 + 1, end, COMMA);
  const to3 = numberEnd(bytes, to2 + 1, end, COMMA);
  const to4 = numberEnd(bytes, to3 + 1, end, COMMA);
  if (at0 < 0 || to0 < 0 || to1 < 0 || to2 < 0 || to3 < 0 || to4 < 0) return undefined;
  const chainEnd = to4 + 1 + CHECKSUM_DIGITS;
  const checkEnd = chainEnd + 1 + CHECKSUM_DIGITS;
  if (!endsLine(bytes, checkEnd, end) || bytes[chainEnd] !== COMMA) return undefined;
  const chain = readChecksum(bytes, to4 + 1);
  if (chain < 0 || readChecksum(bytes, chainEnd + 1) !== crc32(bytes, start, chainEnd)) {
    return undefined;
  }
  const seal: Seal = {
    offset: readNumber(bytes, at0, to0),
    length: readNumber(bytes, to0 + 1, to1),
    commands: readNumber(bytes, to1 + 1, to2),
    time_s: readNumber(bytes, to2 + 1, to3),
    synced: readNumber(bytes, to3 + 1, to4),
    chain,
  };
  return { seal, end: checkEnd + LINE_END_BYTES };
}

function prefix(into: Uint8Array, at: number, letter: number): number {
  into[at] = HASH;
  into[at + 1] = letter;
  into[at + 2] = COLON;
  return at + PREFIX_BYTES;
}

function comma(into: Uint8Array, at: number): number {
  into[at] = COMMA;
  return at + 1;
}

function lineEnd(into: Uint8Array, at: number): number {
  into[at] = CR;
  into[at + 1] = LF;
  return at + LINE_END_BYTES;
}

/** Writes a number in decimal at `at`; returns the index behind it. */
function writeNumber(into: Uint8Array, at: number, value: number): number {
  if (!(value >= 0 && value < 10 ** DIGITS_MAX)) throw new RangeError(`a frame of ${value}`);
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  let i = at + digits - 1;
  let left = value;
  for (; left > INT32_MAX; i--) {
    const rest = Math.floor(left / 10);
    into[i] = ZERO + (left - rest * 10);
    left = rest;
  }
  for (let small = left | 0; i >= at; i--) { // whole numbers: several times as fast
    const rest = (small / 10) | 0;
    into[i] = ZERO + small - rest * 10;
    small = rest;
  }
  return at + digits;
}

function writeChecksum(into: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < CHECKSUM_DIGITS; i++) {
    const digit = (value >>> (28 - 4 * i)) & 15;
    into[at + i] = digit < 10 ? ZERO + digit : LETTER_A + digit - 10;
  }
  return at + CHECKSUM_DIGITS;
}

/** The index behind `#<letter>:`; -1 if that does not stand at `start`. */
function afterPrefix(bytes: Uint8Array, start: number, end: number, letter: number): number {
  const is = start + PREFIX_BYTES <= end && bytes[start] === HASH && bytes[start + 1] === letter &&
    bytes[start + 2] === COLON;
  return is ? start + PREFIX_BYTES : -1;
}

/**
 * The index of the byte `stop` behind the digits at `from`; -1 if something else stands there, or
 * there are no digits, too many, or a leading zero.
 */
function numberEnd(bytes: Uint8Array, from: number, end: number, stop: number): number {
  if (from <= 0) return -1; // no line begins with a number: what is before it was not there
  let at = from;
  const limit = Math.min(end, from + DIGITS_MAX + 1);
  while (at < limit && bytes[at] >= ZERO && bytes[at] <= NINE) at++;
  const digits = at - from;
  if (digits === 0 || digits > DIGITS_MAX || (digits > 1 && bytes[from] === ZERO)) return -1;
  return at < end && bytes[at] === stop ? at : -1;
}

function readNumber(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + bytes[at] - ZERO;
  return value;
}

/** What a byte is as a digit of a checksum; -1: none. */
const digitOf = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  digitOf[digit < 10 ? ZERO + digit : LETTER_A + digit - 10] = digit;
}

/** The checksum in the digits at `from`; -1 if they are none. */
function readChecksum(bytes: Uint8Array, from: number): number {
  let value = 0;
  let signs = 0;
  for (let at = from; at < from + CHECKSUM_DIGITS; at++) {
    const digit = digitOf[bytes[at]];
    signs |= digit;
    value = value << 4 | digit;
  }
  return signs < 0 ? -1 : value >>> 0;
}

function endsLine(bytes: Uint8Array, at: number, end: number): boolean {
  return at >= 0 && at + LINE_END_BYTES <= end && bytes[at] === CR && bytes[at + 1] === LF;
}

/** Whether bytes begin as a server writes that knows nothing of frames. */
export function looksForeign(bytes: Uint8Array): boolean {
  return bytes[0] === ASTERISK ||
    latin1(bytes.subarray(0, TIMESTAMP_START.length)) === TIMESTAMP_START;
}
