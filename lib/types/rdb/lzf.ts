/**
 * LZF, the compression of strings in RDB.
 *
 *     000lllll <l + 1 bytes>          the next bytes stand here (1 to 32)
 *     lllooooo oooooooo               l + 2 bytes (3 to 8) as they stood o + 1 before
 *     111ooooo llllllll oooooooo      l + 9 bytes (9 to 264) as they stood o + 1 before
 *
 * Promise: unpacking never reads or writes out of bounds, and memory for the result is taken only
 * if that many bytes can come from what was given.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { RdbError } from "./error.ts";

const LITERAL_MAX = 32;
const DISTANCE_MAX = 1 << 13;
const MATCH_MIN = 3;
const MATCH_MAX = 264;
/** Length up to which a match needs no byte of its own for it. */
const SHORT_MATCH_MAX = 8;
/** Room that must be left where a match begins: what the longest form of one takes, and one more. */
const MATCH_ROOM = 4;
/** No three bytes unpack to more than {@linkcode MATCH_MAX}. */
const EXPANSION_MAX = MATCH_MAX / 3;
/** Where more than this may match, Redis compares this many bytes without asking for the end. */
const UNROLLED_MIN = 16;
const UNROLLED = 19;
/** Runs from this length on are copied as a block when they are unpacked. */
const WORD = 8;
const HASH_BITS = 16;
const HASH_MULTIPLIER = 0x9e3779b1;

/** Where three bytes with a hash were seen last: offset + {@linkcode base}; made when needed. */
let seen: Int32Array | undefined;
/** What is below was seen in an earlier run: so the table need not be cleared for each. */
let base = 1;
let nextBase = 1;

/** Packs strings into one buffer, used again and again. */
export class LzfPacker {
  /** The result of {@linkcode LzfPacker.pack}. */
  bytes: Buffer = newBytes(0);

  /**
   * Packs `buf[start .. end)` into `bytes[0 .. result)`.
   *
   * @returns the packed length, at most 4 bytes less than the plain one; 0 where it saves less.
   */
  pack(buf: Uint8Array, start: number, end: number): number {
    const length_max = end - start - 4;
    if (length_max <= 0) return 0;
    if (this.bytes.length < length_max) {
      this.bytes = newBytes(Math.max(length_max, 2 * this.bytes.length));
    }
    return packInto(this.bytes, length_max, buf, start, end);
  }
}

function hashAt(buf: Uint8Array, at: number): number {
  const three = (buf[at] << 16) | (buf[at + 1] << 8) | buf[at + 2];
  return Math.imul(three, HASH_MULTIPLIER) >>> (32 - HASH_BITS);
}

function packInto(
  out: Uint8Array,
  out_max: number,
  buf: Uint8Array,
  start: number,
  end: number,
): number {
  const table = freshTable(end - start);
  const rebase = base - start;
  let literals = 0; // how many bytes stand behind the control byte that is still open
  let to = 1; // that control byte is at to - literals - 1
  let at = start;
  while (at < end) {
    const found = at + MATCH_MIN <= end ? remember(table, buf, at, rebase) : -1;
    // As Redis has it: the very first byte is never the beginning of a match.
    if (found <= start || at - found > DISTANCE_MAX || !sameThree(buf, found, at)) {
      if (to >= out_max) return 0;
      out[to++] = buf[at++];
      if (++literals === LITERAL_MAX) {
        out[to - literals - 1] = literals - 1;
        literals = 0;
        to++;
      }
      continue;
    }
    const length = matchLength(buf, found, at, end);
    if (literals > 0) out[to - literals - 1] = literals - 1;
    else to--;
    if (to + MATCH_ROOM >= out_max) return 0;
    const distance = at - found - 1;
    if (length <= SHORT_MATCH_MAX) {
      out[to++] = ((length - 2) << 5) | (distance >> 8);
    } else {
      out[to++] = 0xe0 | (distance >> 8);
      out[to++] = length - SHORT_MATCH_MAX - 1;
    }
    out[to++] = distance & 0xff;
    literals = 0;
    to++;
    at += length;
    if (at + MATCH_MIN > end) {
      if (to + MATCH_MIN > out_max) return 0;
      continue;
    }
    // Of what a match covers, only its end is remembered: that is nearest to what comes.
    remember(table, buf, at - 2, rebase);
    remember(table, buf, at - 1, rebase);
  }
  if (literals > 0) out[to - literals - 1] = literals - 1;
  else to--;
  return to;
}

/** The table, in which everything is from before `base`; the next `length` numbers are taken. */
function freshTable(length: number): Int32Array {
  seen ??= new Int32Array(1 << HASH_BITS);
  base = nextBase;
  if (base + length > 0x7fffffff) {
    seen.fill(0);
    base = 1;
  }
  nextBase = base + length;
  return seen;
}

/** Remembers the three bytes at `at`; returns where such were last, or less than the start. */
function remember(table: Int32Array, buf: Uint8Array, at: number, rebase: number): number {
  const slot = hashAt(buf, at);
  const before = table[slot] - rebase;
  table[slot] = at + rebase;
  return before;
}

function sameThree(buf: Uint8Array, a: number, b: number): boolean {
  return buf[a] === buf[b] && buf[a + 1] === buf[b + 1] && buf[a + 2] === buf[b + 2];
}

/**
 * How many bytes at `at` are as at `match`. As Redis has it, a match leaves the last two bytes of
 * all alone - unless it is of the shortest length, or of the length of Redis's unrolled loop.
 */
function matchLength(buf: Uint8Array, match: number, at: number, end: number): number {
  const wanted = Math.min(end - at - 2, MATCH_MAX);
  const length_max = wanted > UNROLLED_MIN ? Math.max(wanted, UNROLLED) : wanted;
  let length = MATCH_MIN;
  while (length < length_max && buf[match + length] === buf[at + length]) length++;
  return length;
}

/**
 * Unpacks `buf[start .. end)`, which must give exactly `length` bytes.
 *
 * @param room takes memory for that many bytes; it is asked only if they can come from these.
 * @returns what `room` returned, whose first `length` bytes are the result.
 * @throws {RdbError} they are broken.
 */
export function lzfUnpack(
  buf: Uint8Array,
  start: number,
  end: number,
  length: number,
  room: (length: number) => Buffer = newBytes,
): Buffer {
  if (length > (end - start) * EXPANSION_MAX) {
    throw new RdbError("a compressed string is too short for what it claims to hold", start);
  }
  const out = room(length);
  let at = start;
  let to = 0;
  while (at < end) {
    const control = buf[at++];
    if (control < LITERAL_MAX) {
      const count = control + 1;
      if (at + count > end || to + count > length) throw broken(at);
      if (count >= WORD) copyBytes(buf, at, at + count, out, to);
      else for (let i = 0; i < count; i++) out[to + i] = buf[at + i];
      at += count;
      to += count;
      continue;
    }
    let count = (control >> 5) + 2;
    if (count === SHORT_MATCH_MAX + 1) {
      if (at >= end) throw broken(at);
      count += buf[at++];
    }
    if (at >= end) throw broken(at);
    const from = to - (((control & 0x1f) << 8) | buf[at++]) - 1;
    if (from < 0 || to + count > length) throw broken(at);
    if (count >= WORD && from + count <= to) {
      copyBytes(out, from, from + count, out, to);
      to += count;
    } else {
      for (let i = 0; i < count; i++) out[to++] = out[from + i]; // the two may overlap
    }
  }
  if (to !== length) throw broken(at);
  return out;
}

function broken(at: number): RdbError {
  return new RdbError("a compressed string is broken", at);
}
