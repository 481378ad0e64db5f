/**
 * A small sorted set as one run of bytes, in order of score and then of member:
 *
 *     | length | member | score | length | member | score | ...
 *
 * A length has 7 bits a byte, low ones first, the high bit says that more follow; a score is counted
 * from the one before (`score.ts`), so that the run is read from its beginning, in place, where it
 * stands in its key's record.
 */

import { compareRuns, equalBytes } from "../../memory/bytes.ts";
import { lengthBytes, LONG, longLength } from "../../memory/packed.ts";
import { baseAfter, readScoreFrom, scoreLength, writeScoreFrom } from "./score.ts";

/** Bytes an entry takes besides its member, at most. */
export const ENTRY_OVERHEAD_BYTES_MAX = 14;

/**
 * Walks a run; the entry at hand is `bytes[at .. next)`, its member `bytes[start .. end)`, its score
 * `score`.
 */
export class PackedRun {
  bytes: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;
  at = 0;
  start = 0;
  end = 0;
  next = 0;
  /** Score of the entry at hand; before the first one that is stepped to, what it is counted from. */
  score = 0;
  /** What the score of the entry at hand is counted from. */
  base = 0;
  /** How many entries the last search has passed over. */
  passed = 0;

  /** Begins before the first entry of the run `bytes[from .. to)`. */
  open(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.rewind();
  }

  /** Begins again before the first entry. */
  rewind(): void {
    this.goTo(this.from, 0);
  }

  /** Goes before the entry that stands at offset `at`, whose score is counted from `base`. */
  goTo(at: number, base: number): void {
    this.next = at;
    this.score = base;
  }

  /** What the score of the next entry is counted from. */
  get nextBase(): number {
    return baseAfter(this.score);
  }

  /** Steps to the next entry; false: there is none. */
  step(): boolean {
    let at = this.next;
    if (at >= this.to) return false;
    const { bytes } = this;
    this.at = at;
    let length = bytes[at];
    if (length < LONG) {
      at++;
    } else {
      length = longLength(bytes, at);
      at += lengthBytes(length);
    }
    this.start = at;
    const end = this.end = at + length;
    const base = this.base = baseAfter(this.score);
    this.score = readScoreFrom(bytes, end, base);
    this.next = end + scoreLength(bytes[end]);
    if (this.next > this.to) throw new Error(`packed zset: an entry ends past ${this.to}`);
    return true;
  }

  /** Score of the entry after the one at hand; NaN: there is none. The next step comes to it. */
  get nextScore(): number {
    if (!this.step()) return NaN;
    const { score } = this;
    this.goTo(this.at, this.base);
    return score;
  }

  /** Steps from the beginning to the entry of a member; false: it has none. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    const { bytes, to } = this;
    const length = end - start;
    let base = 0;
    let passed = 0;
    for (let at = this.from; at < to; passed++) {
      const scoreAt = bytes[at] < LONG ? at + 1 + bytes[at] : this.#scoreAt(at);
      const memberAt = scoreAt - length;
      if (memberAt > at && equalBytes(bytes, memberAt, buf, start, length)) {
        this.goTo(at, base);
        this.step();
        this.passed = passed;
        if (this.start === memberAt) return true; // else it only ends with those bytes
      }
      base = baseAfter(readScoreFrom(bytes, scoreAt, base));
      at = scoreAt + scoreLength(bytes[scoreAt]);
    }
    return false;
  }

  /** Steps to the first entry with this score or more; `above`: with more; false: there is none. */
  seekScore(score: number, above: boolean): boolean {
    const { bytes, to } = this;
    this.passed = 0;
    let base = 0;
    for (let at = this.from; at < to;) {
      const scoreAt = bytes[at] < LONG ? at + 1 + bytes[at] : this.#scoreAt(at);
      const other = readScoreFrom(bytes, scoreAt, base);
      if (above ? other > score : other >= score) {
        this.goTo(at, base);
        return this.step();
      }
      this.passed++;
      base = baseAfter(other);
      at = scoreAt + scoreLength(bytes[scoreAt]);
    }
    this.goTo(to, base);
    return false;
  }

  /** Steps to the entry before which a member with this score belongs; false: behind the last. */
  findPlace(score: number, buf: Uint8Array, start: number, end: number): boolean {
    let found = this.seekScore(score, false);
    while (found && this.score === score && this.compareMember(buf, start, end) < 0) {
      found = this.step();
    }
    return found;
  }

  /** Where the score of the entry at offset `at` stands. */
  #scoreAt(at: number): number {
    this.goTo(at, 0);
    this.step();
    return this.end;
  }

  /** Orders the member at hand and `buf[start .. end)`. */
  compareMember(buf: Uint8Array, start: number, end: number): number {
    return compareRuns(this.bytes, this.start, this.end, buf, start, end);
  }

  /** How many entries there are. */
  count(): number {
    const { bytes, to } = this;
    let count = 0;
    let at = this.from;
    for (; at < to; count++) at = entryEnd(bytes, at);
    if (at > to) throw new Error(`packed zset: an entry ends past ${to}`);
    return count;
  }

  /** Goes to the member of entry number `rank`, which is there; scores are not read on the way. */
  goToMember(rank: number): void {
    const { bytes } = this;
    let at = this.from;
    while (rank-- > 0) at = entryEnd(bytes, at);
    this.goTo(at, 0);
    this.step();
  }
}

/** Where the entry at offset `at` ends. */
function entryEnd(bytes: Uint8Array, at: number): number {
  const length = bytes[at];
  const scoreAt = length < LONG
    ? at + 1 + length
    : at + lengthBytes(longLength(bytes, at)) + longLength(bytes, at);
  return scoreAt + scoreLength(bytes[scoreAt]);
}

/**
 * Writes an entry at `to[at ..)`, which has room for it; returns the offset after it. `base` is
 * {@linkcode baseAfter} the score before, 0 for the first entry.
 */
export function writeEntry(
  to: Uint8Array,
  at: number,
  buf: Uint8Array,
  start: number,
  end: number,
  score: number,
  base: number,
): number {
  let length = end - start;
  while (length >= LONG) {
    to[at++] = (length & 0x7f) | LONG;
    length >>>= 7;
  }
  to[at++] = length;
  for (let i = start; i < end; i++) to[at++] = buf[i];
  return writeScoreFrom(to, at, score, base);
}

/** Writes a run, entry after entry in their order, at the beginning of a buffer with room for it. */
export class RunWriter {
  readonly #to: Uint8Array;
  #base = 0;
  /** Bytes written. */
  length = 0;

  /** @param to where the run is to stand. */
  constructor(to: Uint8Array) {
    this.#to = to;
  }

  /** Adds an entry. */
  push(buf: Uint8Array, start: number, end: number, score: number): void {
    this.length = writeEntry(this.#to, this.length, buf, start, end, score, this.#base);
    this.#base = baseAfter(score);
  }
}
