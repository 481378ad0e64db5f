/**
 * Scores as bytes: eight for any double, or as few as its value needs.
 *
 * The short form is that of packed sorted sets. The first byte tells which it is:
 *
 *     0xxxxxxx                     0 .. 127
 *     10xxxxxx low                 0 .. 16383
 *     110xxxxx middle low          0 .. 2097151
 *     1110xnnn n bytes             n bytes of a magnitude, low ones first; x: it is negative
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
const MAGNITUDE = 0xe0;
const NEGATIVE = 0x08;
const DOUBLE = 0xf8;
/** Magnitudes below this take seven bytes at most and are exact. */
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

/** Writes the short form at `to[at ..)`; returns the offset after it. */
export function writeShortScore(to: Uint8Array, at: number, score: number): number {
  const magnitude = Math.abs(score);
  if (!(magnitude < EXACT_MAX && Number.isInteger(score))) {
    to[at] = DOUBLE;
    writeScore(to, at + 1, score);
    return at + 1 + SCORE_BYTES;
  }
  if (score >= 0 && score <= THREE_BYTES_MAX) return writeSmallScore(to, at, score);
  let end = at + 1;
  for (let rest = magnitude; rest > 0; rest = Math.floor(rest / 256)) to[end++] = rest % 256;
  to[at] = MAGNITUDE | (score < 0 ? NEGATIVE : 0) | (end - at - 1);
  return end;
}

function writeSmallScore(to: Uint8Array, at: number, score: number): number {
  if (score < TWO_BYTES) {
    to[at] = score;
    return at + 1;
  }
  if (score <= TWO_BYTES_MAX) {
    to[at] = TWO_BYTES | (score >>> 8);
    to[at + 1] = score & 0xff;
    return at + 2;
  }
  to[at] = THREE_BYTES | (score >>> 16);
  to[at + 1] = (score >>> 8) & 0xff;
  to[at + 2] = score & 0xff;
  return at + 3;
}

/** Length of the short form whose first byte is `first`. */
export function shortScoreLength(first: number): number {
  if (first < TWO_BYTES) return 1;
  if (first < THREE_BYTES) return 2;
  if (first < MAGNITUDE) return 3;
  return first < DOUBLE ? 1 + (first & 7) : 1 + SCORE_BYTES;
}

/** Reads the short form at `from[at ..)`. */
export function readShortScore(from: Uint8Array, at: number): number {
  const first = from[at];
  if (first < TWO_BYTES) return first;
  if (first < THREE_BYTES) return ((first & 0x3f) << 8) | from[at + 1];
  if (first < MAGNITUDE) return ((first & 0x1f) << 16) | (from[at + 1] << 8) | from[at + 2];
  if (first >= DOUBLE) return readScore(from, at + 1);
  let magnitude = 0;
  for (let i = at + (first & 7); i > at; i--) magnitude = magnitude * 256 + from[i];
  return (first & NEGATIVE) !== 0 ? -magnitude : magnitude;
}
