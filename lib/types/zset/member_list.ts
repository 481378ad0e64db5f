/**
 * Members and scores gathered in any order, to be sorted and then stored or sent: what RESTORE reads,
 * what ZUNION and its kin work out. Bytes stand in one buffer; nothing per member is a JS object.
 *
 * A list that is emptied keeps its room, so that commands on small sets take nothing from the heap.
 * The first few members are found by comparing, more through a hash table.
 */

import type { Buffer } from "node:buffer";
import { compareRuns, copyBytes, equalBytes, newBytes } from "../../memory/bytes.ts";
import { hashBytes, type HashSeed } from "../../memory/hash.ts";
import { sortNumbers } from "../../memory/sort_numbers.ts";

const COUNT_MIN = 16;
const BYTES_MIN = 256;
/** Room for more than so many members, or bytes, is given up when the list is emptied. */
const COUNT_KEPT_MAX = 4096;
const BYTES_KEPT_MAX = 1 << 16;
/** Up to so many members are compared one by one. */
const COMPARED_MAX = 8;
const SLOTS_MIN = 64;
const NO_WORDS = new Int32Array(0);

/** Members and their scores. */
export class MemberList {
  /** How many there are. */
  count = 0;
  /** The members, one behind the other in the order in which they came. */
  bytes: Buffer = newBytes(BYTES_MIN);
  /** Length of the longest member in bytes. */
  longest = 0;

  #seed: HashSeed;
  /** Score of each, in the order in which they came. */
  #scores = new Float64Array(COUNT_MIN);
  /** Where each begins in `bytes`, and where the last one ends. */
  #bounds = new Float64Array(COUNT_MIN + 1);
  /** Numbers of the members in order, once they are sorted. */
  #order: Int32Array = NO_WORDS;
  /** Hash table of member numbers + 1: the first `#slotCount` of these, none while nobody has asked. */
  #slots: Int32Array = NO_WORDS;
  #slotCount = 0;
  #slotsFilled = 0;
  #twice = false;

  /** @param seed the secret of the hash. */
  constructor(seed: HashSeed) {
    this.#seed = seed;
  }

  /** Begins anew, with another secret. */
  clear(seed: HashSeed): void {
    this.#seed = seed;
    if (this.#scores.length > COUNT_KEPT_MAX) {
      this.#scores = new Float64Array(COUNT_MIN);
      this.#bounds = new Float64Array(COUNT_MIN + 1);
      this.#order = this.#slots = NO_WORDS;
    }
    if (this.bytes.length > BYTES_KEPT_MAX) this.bytes = newBytes(BYTES_MIN);
    this.count = this.longest = 0;
    this.#slotCount = this.#slotsFilled = 0;
    this.#twice = false;
  }

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
    if (this.count <= COMPARED_MAX) return this.#findCompared(buf, start, end);
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
    const { count } = this;
    if (this.#order.length < count) this.#order = new Int32Array(this.#scores.length);
    const order = this.#order;
    for (let i = 0; i < count; i++) order[i] = i;
    sortNumbers(order, count, this);
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

  /** Orders two members by their numbers: by score and then by member. */
  compare(a: number, b: number): number {
    if (this.#scores[a] !== this.#scores[b]) return this.#scores[a] < this.#scores[b] ? -1 : 1;
    const { bytes } = this;
    const bounds = this.#bounds;
    return compareRuns(bytes, bounds[a], bounds[a + 1], bytes, bounds[b], bounds[b + 1]);
  }

  #findCompared(buf: Uint8Array, start: number, end: number): number {
    const { bytes } = this;
    const bounds = this.#bounds;
    const length = end - start;
    for (let i = 0, at = 0; i < this.count; i++) {
      const next = bounds[i + 1];
      if (next - at === length && equalBytes(bytes, at, buf, start, length)) return i;
      at = next;
    }
    return -1;
  }

  /** Takes the members that have come since the last time into the hash table. */
  #index(): void {
    if (this.count * 2 >= this.#slotCount) this.#growSlots();
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
    const mask = this.#slotCount - 1;
    let at = hashBytes(this.#seed, buf, start, end) & mask;
    for (; this.#slots[at] !== 0; at = (at + 1) & mask) {
      const i = this.#slots[at] - 1;
      const first = this.#bounds[i];
      const length = this.#bounds[i + 1] - first;
      if (length === end - start && equalBytes(this.bytes, first, buf, start, length)) break;
    }
    return at;
  }

  #growSlots(): void {
    let slots = SLOTS_MIN;
    while (slots < this.count * 4) slots *= 2;
    if (this.#slots.length < slots) this.#slots = new Int32Array(slots);
    else this.#slots.fill(0, 0, slots);
    this.#slotCount = slots;
    this.#slotsFilled = 0;
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
