/**
 * Which field of a large hash expires first: a binary heap of the records that expire.
 *
 * A record knows its place in the heap (24 bits of it are its meta, the rest its encoding), so that
 * it is found when its expiry changes or it moves. Promise: O(log n) a change, 12 bytes a record.
 */

import { ENCODING_MAX, type RecordTable, type Ref } from "../../memory/record_table.ts";

const META_BITS = 24;
const META_MASK = (1 << META_BITS) - 1;
/** More than the arena of one hash can hold records with an expiry worth the name. */
const SIZE_MAX = ENCODING_MAX * 2 ** META_BITS;
const CAPACITY_MIN = 16;

/** Records in the order of their expiries, as far as the first is concerned. */
export class ExpiryHeap {
  /** How many records there are. */
  size = 0;

  readonly #table: RecordTable;
  #times = new Float64Array(CAPACITY_MIN);
  #refs = new Int32Array(CAPACITY_MIN);

  /** @param table whose records are put here. */
  constructor(table: RecordTable) {
    this.#table = table;
  }

  /** The same of another table, where the records have the addresses that they have here. */
  clone(table: RecordTable): ExpiryHeap {
    const copy = new ExpiryHeap(table);
    copy.size = this.size;
    copy.#times = this.#times.slice();
    copy.#refs = this.#refs.slice();
    return copy;
  }

  /** Bytes that it takes. */
  get bytes(): number {
    return this.#times.byteLength + this.#refs.byteLength;
  }

  /** When the first record expires; Infinity: there is none. */
  get earliest_ms(): number {
    return this.size === 0 ? Infinity : this.#times[0];
  }

  /** The record that expires first; there must be one. */
  get first(): Ref {
    return this.#refs[0];
  }

  /** Adds a record. */
  add(ref: Ref, at_ms: number): void {
    if (this.size === this.#times.length) this.#grow();
    this.#rise(this.size++, ref, at_ms);
  }

  /** A record that is here has another expiry, or has moved to `ref`. */
  update(ref: Ref, at_ms: number): void {
    const place = this.#placeOf(ref);
    if (at_ms < this.#times[place]) this.#rise(place, ref, at_ms);
    else this.#sink(place, ref, at_ms);
  }

  /** Takes a record out. */
  remove(ref: Ref): void {
    const place = this.#placeOf(ref);
    if (this.#refs[place] !== ref) throw new Error(`expiry heap: ${ref} is not at ${place}`);
    const last = --this.size;
    if (place !== last) {
      const moved = this.#refs[last];
      const at_ms = this.#times[last];
      if (place > 0 && at_ms < this.#times[(place - 1) >> 1]) this.#rise(place, moved, at_ms);
      else this.#sink(place, moved, at_ms);
    }
    this.#table.setMeta(ref, 0);
    this.#table.setEncoding(ref, 1);
  }

  /** How many records have expired at a time: O(their number). Counts to `count_max` and one more. */
  countUntil(now_ms: number, count_max: number): number {
    return this.#walkUntil(now_ms, count_max, () => {});
  }

  /** When the first record expires that has not at a time: O(those that have). Infinity: none does. */
  firstAfter(now_ms: number): number {
    let first_ms = Infinity;
    this.#walkUntil(now_ms, Infinity, (later_ms) => first_ms = Math.min(first_ms, later_ms));
    return first_ms;
  }

  /** Counts the records that have expired at a time; shows the times right below them that are later. */
  #walkUntil(now_ms: number, count_max: number, showLater: (at_ms: number) => void): number {
    let count = 0;
    const places = [0];
    while (count <= count_max) {
      const place = places.pop();
      if (place === undefined) break;
      if (place >= this.size) continue;
      if (this.#times[place] > now_ms) {
        showLater(this.#times[place]);
        continue;
      }
      count++;
      places.push(2 * place + 1, 2 * place + 2);
    }
    return count;
  }

  /** Whether all records have expired at a time; where not, that is mostly seen at once. */
  areAllUntil(now_ms: number): boolean {
    // The later ones stand at the end.
    for (let place = this.size - 1; place >= 0; place--) {
      if (this.#times[place] > now_ms) return false;
    }
    return true;
  }

  #placeOf(ref: Ref): number {
    return (this.#table.encoding(ref) - 1) * 2 ** META_BITS + this.#table.meta(ref);
  }

  #put(place: number, ref: Ref, at_ms: number): void {
    this.#refs[place] = ref;
    this.#times[place] = at_ms;
    this.#table.setMeta(ref, place & META_MASK);
    this.#table.setEncoding(ref, 1 + Math.floor(place / 2 ** META_BITS));
  }

  #rise(place: number, ref: Ref, at_ms: number): void {
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (this.#times[above] <= at_ms) break;
      this.#put(place, this.#refs[above], this.#times[above]);
      place = above;
    }
    this.#put(place, ref, at_ms);
  }

  #sink(place: number, ref: Ref, at_ms: number): void {
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.size) break;
      if (below + 1 < this.size && this.#times[below + 1] < this.#times[below]) below++;
      if (this.#times[below] >= at_ms) break;
      this.#put(place, this.#refs[below], this.#times[below]);
      place = below;
    }
    this.#put(place, ref, at_ms);
  }

  #grow(): void {
    if (this.size >= SIZE_MAX) throw new RangeError("expiry heap: too many fields that expire");
    const times = new Float64Array(this.size * 2);
    const refs = new Int32Array(this.size * 2);
    times.set(this.#times);
    refs.set(this.#refs);
    this.#times = times;
    this.#refs = refs;
  }
}
