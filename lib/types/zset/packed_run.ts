/**
 * A small sorted set as one run of bytes, in order of score and then of member:
 *
 *     | length | member | score | length | member | score | ...
 *
 * A length has 7 bits a byte, low ones first, the high bit says that more follow; a score has its
 * short form (`score.ts`). The run is read in place, where it stands in its key's record.
 */

import { equalBytes } from "../../memory/bytes.ts";
import { readShortScore, shortScoreLength, writeShortScore } from "./score.ts";

/** Bytes an entry takes besides its member, at most. */
export const ENTRY_OVERHEAD_BYTES_MAX = 14;

/** Walks a run; the entry at hand is `bytes[at .. next)`, its member `bytes[start .. end)`. */
export class PackedRun {
  bytes: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;
  at = 0;
  start = 0;
  end = 0;
  next = 0;

  /** Begins before the first entry of the run `bytes[from .. to)`. */
  open(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.from = this.next = from;
    this.to = to;
  }

  /** Begins again before the entry that stands at offset `at` (`to`: there is none). */
  goTo(at: number): void {
    this.next = at;
  }

  /** Steps to the next entry; false: there is none. */
  step(): boolean {
    let at = this.next;
    if (at >= this.to) return false;
    const { bytes } = this;
    this.at = at;
    let length = bytes[at++];
    if (length >= 0x80) {
      length &= 0x7f;
      let byte: number;
      let shift = 7;
      do {
        byte = bytes[at++];
        length |= (byte & 0x7f) << shift;
        shift += 7;
      } while (byte >= 0x80);
    }
    this.start = at;
    this.end = at + length;
    this.next = this.end + shortScoreLength(bytes[this.end]);
    if (this.next > this.to) throw new Error(`packed zset: an entry ends past ${this.to}`);
    return true;
  }

  /** Score of the entry at hand. */
  get score(): number {
    return readShortScore(this.bytes, this.end);
  }

  /** Score of the entry after the one at hand, which stays where it is; NaN: there is none. */
  get nextScore(): number {
    const { next } = this;
    if (!this.step()) return NaN;
    const { score } = this;
    this.next = next;
    return score;
  }

  /** Steps from the beginning to the entry of a member; false: it has none. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    this.next = this.from;
    const length = end - start;
    while (this.step()) {
      if (
        this.end - this.start === length && equalBytes(this.bytes, this.start, buf, start, length)
      ) {
        return true;
      }
    }
    return false;
  }

  /** Offset of the entry before which a member with this score belongs. */
  placeOf(score: number, buf: Uint8Array, start: number, end: number): number {
    this.next = this.from;
    while (this.step()) {
      const other = this.score;
      if (other < score) continue;
      if (other > score || this.compareMember(buf, start, end) > 0) return this.at;
    }
    return this.to;
  }

  /** Orders the member at hand and `buf[start .. end)`. */
  compareMember(buf: Uint8Array, start: number, end: number): number {
    return compareRuns(this.bytes, this.start, this.end, buf, start, end);
  }

  /** How many entries there are; the walk is at its end afterwards. */
  count(): number {
    let count = 0;
    this.next = this.from;
    while (this.step()) count++;
    return count;
  }
}

/** Orders two runs of bytes as memcmp does, the shorter first where one begins the other. */
export function compareRuns(
  a: Uint8Array,
  start: number,
  end: number,
  b: Uint8Array,
  other: number,
  otherEnd: number,
): number {
  const length = Math.min(end - start, otherEnd - other);
  for (let i = 0; i < length; i++) {
    const difference = a[start + i] - b[other + i];
    if (difference !== 0) return difference;
  }
  return (end - start) - (otherEnd - other);
}

/** Writes an entry at `to[at ..)`, which has room for it; returns the offset after it. */
export function writeEntry(
  to: Uint8Array,
  at: number,
  buf: Uint8Array,
  start: number,
  end: number,
  score: number,
): number {
  let length = end - start;
  while (length >= 0x80) {
    to[at++] = (length & 0x7f) | 0x80;
    length >>>= 7;
  }
  to[at++] = length;
  for (let i = start; i < end; i++) to[at++] = buf[i];
  return writeShortScore(to, at, score);
}
