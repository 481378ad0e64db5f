/**
 * Members and scores gathered in any order, to be sorted and then stored or sent: what RESTORE reads,
 * what ZUNION and its kin work out. Bytes stand in one buffer; nothing per member is a JS object.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { hashBytes, type HashSeed } from "../../memory/hash.ts";
import { compareRuns } from "./packed_run.ts";

const COUNT_MIN = 16;
const BYTES_MIN = 256;
const NO_WORDS = new Int32Array(0);

/** Members and their scores. */
export class MemberList {
  /** How many there are. */
  count = 0;
  /** The members, one behind the other in the order in which they came. */
  bytes: Buffer = newBytes(BYTES_MIN);
  /** Length of the longest member in bytes. */
  longest = 0;

  /** Score of each, in the order in which they came. */
  #scores = new Float64Array(COUNT_MIN);
  /** Where each begins in `bytes`, and where the last one ends. */
  #bounds = new Float64Array(COUNT_MIN + 1);
  /** Numbers of the members in order, once they are sorted. */
  #order: Int32Array = NO_WORDS;
  /** Hash table of member numbers + 1; empty while nobody has asked. */
  #slots: Int32Array = NO_WORDS;
  #slotsFilled = 0;
  #twice = false;

  /** @param seed the secret of the hash. */
  constructor(readonly seed: HashSeed) {}

  /** Bytes of all members. */
  get memberBytes(): number {
    return this.#bounds[this.count];
  }

  /** Adds a member that is not there yet. */
  add(buf: Uint8Array, start: number, end: number, score: number): void {
    if (this.count === this.#scores.length) this.#growCount();
    const at = this.#bounds[this.count];
    const length = end - start;
    if (at + length > this.bytes.length) this.#growBytes(at + length);
    copyBytes(buf, start, end, this.bytes, at);
    this.#scores[this.count++] = score;
    this.#bounds[this.count] = at + length;
    if (length > this.longest) this.longest = length;
  }

  /** Number of a member; -1: it is not there. */
  find(buf: Uint8Array, start: number, end: number): number {
    this.#index();
    const at = this.#slotOf(buf, start, end);
    return this.#slots[at] - 1;
  }

  /** Score of the member that came as number `i`. */
  scoreOf(i: number): number {
    return this.#scores[i];
  }

  /** Gives the member that came as number `i` another score. */
  setScore(i: number, score: number): void {
    this.#scores[i] = score;
  }

  /** Whether no member was added twice. */
  get isUnique(): boolean {
    this.#index();
    return !this.#twice;
  }

  /** Sorts by score and then by member. */
  sort(): void {
    const order = this.#order = new Int32Array(this.count);
    let sorted = true;
    for (let i = 0; i < this.count; i++) {
      order[i] = i;
      if (sorted && i > 0) sorted = this.#compare(i - 1, i) < 0;
    }
    if (!sorted) order.sort((a, b) => this.#compare(a, b));
  }

  /** Where the member of rank `rank` begins in `bytes`, after {@linkcode MemberList.sort}. */
  startAt(rank: number): number {
    return this.#bounds[this.#order[rank]];
  }

  /** Where it ends. */
  endAt(rank: number): number {
    return this.#bounds[this.#order[rank] + 1];
  }

  /** Its score. */
  scoreAt(rank: number): number {
    return this.#scores[this.#order[rank]];
  }

  #compare(a: number, b: number): number {
    if (this.#scores[a] !== this.#scores[b]) return this.#scores[a] < this.#scores[b] ? -1 : 1;
    const { bytes } = this;
    const bounds = this.#bounds;
    return compareRuns(bytes, bounds[a], bounds[a + 1], bytes, bounds[b], bounds[b + 1]);
  }

  /** Takes the members that have come since the last time into the hash table. */
  #index(): void {
    if (this.count * 2 >= this.#slots.length) {
      this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(this.count * 4, 64))));
      this.#slotsFilled = 0;
    }
    for (; this.#slotsFilled < this.count; this.#slotsFilled++) {
      const start = this.#bounds[this.#slotsFilled];
      const end = this.#bounds[this.#slotsFilled + 1];
      const at = this.#slotOf(this.bytes, start, end);
      if (this.#slots[at] === 0) this.#slots[at] = this.#slotsFilled + 1;
      else this.#twice = true;
    }
  }

  /** The slot of a member, or the empty one where it belongs. */
  #slotOf(buf: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let at = hashBytes(this.seed, buf, start, end) & mask;
    for (; this.#slots[at] !== 0; at = (at + 1) & mask) {
      const i = this.#slots[at] - 1;
      const bounds = this.#bounds;
      if (compareRuns(this.bytes, bounds[i], bounds[i + 1], buf, start, end) === 0) break;
    }
    return at;
  }

  #growCount(): void {
    const scores = new Float64Array(this.count * 2);
    scores.set(this.#scores);
    this.#scores = scores;
    const bounds = new Float64Array(this.count * 2 + 1);
    bounds.set(this.#bounds);
    this.#bounds = bounds;
  }

  #growBytes(size: number): void {
    const grown = newBytes(Math.max(size, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}
