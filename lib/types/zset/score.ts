/**
 * Scores as bytes: eight for any double, or as few as its distance from the score before needs.
 *
 * The second form is that of packed sorted sets, which are in order: a score is counted from its
 * **base**, which is the score before if that is a whole number below 2^53, else 0. Times in
 * milliseconds take three or four bytes so instead of seven. The first byte tells which it is:
 *
 *     0xxxxxxx                     base + 0 .. 127
 *     10xxxxxx low                 base + 0 .. 16383
 *     110xxxxx middle low          base + 0 .. 2097151
 *     11100nnn n bytes             base + n bytes, low ones first
 *     11101nnn n bytes             negative, n bytes of its magnitude
 *     11111000 8 bytes             a double
 *
 * Promise: every score reads back as it was written - but for -0, which becomes 0, as it does in
 * Redis's packed sorted sets.
 */

/** Bytes of a double. */
export const SCORE_BYTES = 8;

const TWO_BYTES = 0x80;
const TWO_BYTES_MAX = 0x3fff;
const THREE_BYTES = 0xc0;
const THREE_BYTES_MAX = 0x1fffff;
const DISTANCE = 0xe0;
const NEGATIVE = 0xe8;
const DOUBLE = 0xf8;
/** Whole numbers below this take seven bytes at most and are exact. */
const EXACT_MAX = 2 ** 53;

const double = new Float64Array(1);
const octets = new Uint8Array(double.buffer);

/** Writes eight bytes at `to[at ..)`. */
export function writeScore(to: Uint8Array, at: number, score: number): void {
  double[0] = score;
  for (let i = 0; i < SCORE_BYTES; i++) to[at + i] = octets[i];
}

/** Reads eight bytes at `from[at ..)`. */
export function readScore(from: Uint8Array, at: number): number {
  for (let i = 0; i < SCORE_BYTES; i++) octets[i] = from[at + i];
  return double[0];
}

/** What the score after this one is counted from. */
export function baseAfter(score: number): number {
  return isWhole(score) ? score : 0;
}

function isWhole(score: number): boolean {
  return Number.isInteger(score) && Math.abs(score) < EXACT_MAX;
}

/** Writes a score, counted from `base`, at `to[at ..)`; returns the offset after it. */
export function writeScoreFrom(to: Uint8Array, at: number, score: number, base: number): number {
  const distance = score - base;
  if (!isWhole(score) || distance >= EXACT_MAX || distance < 0 && score >= 0) {
    to[at] = DOUBLE;
    writeScore(to, at + 1, score);
    return at + 1 + SCORE_BYTES;
  }
  if (distance < 0) return writeLong(to, at, NEGATIVE, -score);
  if (distance > THREE_BYTES_MAX) return writeLong(to, at, DISTANCE, distance);
  return writeShort(to, at, distance);
}

function writeLong(to: Uint8Array, at: number, form: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) to[end++] = rest % 256;
  to[at] = form | (end - at - 1);
  return end;
}

function writeShort(to: Uint8Array, at: number, distance: number): number {
  if (distance < TWO_BYTES) {
    to[at] = distance;
    return at + 1;
  }
  if (distance <= TWO_BYTES_MAX) {
    to[at] = TWO_BYTES | (distance >>> 8);
    to[at + 1] = distance & 0xff;
    return at + 2;
  }
  to[at] = THREE_BYTES | (distance >>> 16);
  to[at + 1] = (distance >>> 8) & 0xff;
  to[at + 2] = distance & 0xff;
  return at + 3;
}

/** Bytes of the score whose first byte is `first`. */
export function scoreLength(first: number): number {
  if (first < TWO_BYTES) return 1;
  if (first < THREE_BYTES) return 2;
  if (first < DISTANCE) return 3;
  return first < DOUBLE ? 1 + (first & 7) : 1 + SCORE_BYTES;
}

/** Reads what {@linkcode writeScoreFrom} has written at `from[at ..)`. */
export function readScoreFrom(from: Uint8Array, at: number, base: number): number {
  const first = from[at];
  if (first < TWO_BYTES) return base + first;
  if (first < THREE_BYTES) return base + (((first & 0x3f) << 8) | from[at + 1]);
  if (first < DISTANCE) {
    return base + (((first & 0x1f) << 16) | (from[at + 1] << 8) | from[at + 2]);
  }
  if (first >= DOUBLE) return readScore(from, at + 1);
  let value = 0;
  for (let i = at + (first & 7); i > at; i--) value = value * 256 + from[i];
  return first < NEGATIVE ? base + value : -value;
}
