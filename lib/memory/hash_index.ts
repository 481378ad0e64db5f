/**
 * A byte-keyed index: finds the address of a record by its key. It holds addresses only; keys stay
 * in the records, and the owner compares and hashes them.
 *
 * Linear hashing (Litwin 1980): the table grows and shrinks by one bucket at a time, so no step
 * ever stalls the loop and no second table is needed. A bucket is one cache line, 16 words:
 *
 *     | tag x 12 (one byte each, 3 words) | overflow bucket, 0: none | address x 12 |
 *
 * The tag is 8 bits of the hash (never 0; 0 marks an empty slot), so that a lookup reads a record
 * only when it almost surely is the right one. With `m` the largest power of two not above the
 * number of buckets and `s = buckets - m`, the buckets below `s` have been split: hash h lives in
 * bucket `h & (2m - 1)` if that exists, else in `h & (m - 1)`.
 *
 * Scan cursors are positions in the order of *bit-reversed* hashes. A bucket is one interval of
 * that order, a split halves the interval in place, a merge joins two neighbours; so a scan that
 * walks upwards returns every entry that was there all the time, whatever grew or shrank.
 */

import type { Random } from "../platform/random.ts";
import { BUCKET_WORDS, BucketStore, PART_BITS, PART_BUCKETS, SpillStore } from "./bucket_store.ts";
import { DrawsAhead, type Slots, type Toucher } from "./draws_ahead.ts";
import { reverseBits } from "./hash.ts";

/** What an index needs to know of the records it points to. */
export interface RecordOwner extends Toucher {
  /** Whether the key of the record at `address` is `buf[start .. end)`. */
  keyEquals(address: number, buf: Uint8Array, start: number, end: number): boolean;
  /** Hash of the key of the record at `address`: the int32 it was inserted with. */
  keyHash(address: number): number;
}

const SLOTS = 12;
/** Places in a bucket: tags and overflow first, so that most lookups touch one cache line only. */
const TAGS = 0;
const OVERFLOW = 3;
const SLOT = 4;
const BUCKETS_MIN = 4;
/** A bucket is added when there are more entries than this per bucket ... */
const LOAD_MAX = 8;
/** ... and taken away when there are fewer than this. */
const LOAD_MIN = 4;
/** An emptied index larger than this begins anew: overflow buckets are given back only then. */
const EMPTY_BYTES_MAX = 1 << 16;

const draws = new DrawsAhead();
/** How many indexes were made. */
let indexes = 0;

/** The tag of a hash: its high byte, or 1 where that is 0. */
function tagOf(hash: number): number {
  return (hash >>> 24) || 1;
}

/** Addresses of records, found by the bytes of their keys. */
export class HashIndex implements Slots {
  readonly id: number = ++indexes;
  /** How many records are indexed. */
  size = 0;

  readonly #owner: RecordOwner;
  #home: BucketStore;
  #homeParts: Int32Array[];
  #buckets = BUCKETS_MIN;
  /** 2m - 1, see above. */
  #mask = BUCKETS_MIN - 1;
  /** Overflow buckets, numbered from 1; all of them are in use, so that a random choice is O(1). */
  #spill: SpillStore;
  /** Where the last successful {@linkcode HashIndex.find} found its entry. */
  #foundWords: Int32Array;
  #foundAt = 0;

  /** @param owner compares and hashes the keys of the records. */
  constructor(owner: RecordOwner) {
    this.#owner = owner;
    this.#home = new BucketStore(BUCKETS_MIN);
    this.#homeParts = this.#home.parts;
    this.#spill = new SpillStore();
    this.#foundWords = this.#homeParts[0];
  }

  /** Bytes held by the index itself. */
  get bytes(): number {
    return this.#home.bytes + this.#spill.bytes;
  }

  /** How many buckets there are, for statistics. */
  get bucketCount(): number {
    return this.#buckets;
  }

  /** The address of the record with key `buf[start .. end)`, whose hash is `hash`; 0: none. */
  find(hash: number, buf: Uint8Array, start: number, end: number): number {
    const pattern = tagOf(hash) * 0x01010101;
    let bucket = hash & this.#mask;
    if (bucket >= this.#buckets) bucket &= this.#mask >>> 1;
    let words = this.#homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (;;) {
      for (let lane = 0; lane < 3; lane++) {
        const x = words[at + TAGS + lane] ^ pattern;
        // The lowest zero byte of x is marked exactly; marks above it may be false: all are checked.
        let marks = (x - 0x01010101) & ~x & 0x80808080;
        while (marks !== 0) {
          const slot = at + SLOT + lane * 4 + ((31 - Math.clz32(marks & -marks)) >>> 3);
          const address = words[slot];
          if (address !== 0 && this.#owner.keyEquals(address, buf, start, end)) {
            this.#foundWords = words;
            this.#foundAt = slot;
            return address;
          }
          marks &= marks - 1;
        }
      }
      const next = words[at + OVERFLOW];
      if (next === 0) return 0;
      words = this.#spill.parts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
  }

  /**
   * Reads the buckets of hashes that will soon be looked up: their cache misses overlap. Returns a
   * number that depends on all of them, so that no compiler drops the reads.
   */
  touch(hashes: Int32Array, count: number): number {
    const mask = this.#mask;
    const buckets = this.#buckets;
    const parts = this.#homeParts;
    let read = 0;
    for (let i = 0; i < count; i++) {
      let bucket = hashes[i] & mask;
      if (bucket >= buckets) bucket &= mask >>> 1;
      read ^= parts[bucket >>> PART_BITS][(bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS];
    }
    return read;
  }

  /** The first address in the home bucket of a hash whose tag fits; 0: none does. */
  guess(hash: number): number {
    const pattern = tagOf(hash) * 0x01010101;
    const bucket = this.#bucketOf(hash);
    const words = this.#homeParts[bucket >>> PART_BITS];
    const at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (let lane = 0; lane < 3; lane++) {
      const x = words[at + TAGS + lane] ^ pattern;
      const marks = (x - 0x01010101) & ~x & 0x80808080;
      if (marks === 0) continue;
      return words[at + SLOT + lane * 4 + ((31 - Math.clz32(marks & -marks)) >>> 3)];
    }
    return 0;
  }

  /** Adds a record that is known to be absent. */
  insert(hash: number, address: number): void {
    this.#place(this.#bucketOf(hash), hash, address);
    this.size++;
    if (this.size > this.#buckets * LOAD_MAX) this.#split();
  }

  /** Makes room in an empty index for `count` records, so that adding them splits no bucket. */
  reserve(count: number): void {
    if (this.size > 0) return;
    while (this.#buckets * LOAD_MAX < count) this.#split();
  }

  /** After `find(...) === from` and no change since: the record has moved to `to`. */
  replaceFound(from: number, to: number): void {
    if (this.#foundWords[this.#foundAt] !== from) {
      throw new Error("index: replaceFound() without a find()");
    }
    this.#foundWords[this.#foundAt] = to;
  }

  /** The record at `from`, whose key has hash `hash`, has moved to `to`. False: it is not here. */
  replace(hash: number, from: number, to: number): boolean {
    if (!this.#seek(hash, from)) return false;
    this.#foundWords[this.#foundAt] = to;
    return true;
  }

  /** Takes out the record at `address`, whose key has hash `hash`. False: it is not here. */
  remove(hash: number, address: number): boolean {
    if (!this.#seek(hash, address)) return false;
    this.#fillHole(this.#bucketOf(hash), this.#foundWords, this.#foundAt);
    this.size--;
    if (this.size === 0 && this.bytes > EMPTY_BYTES_MAX) this.clear();
    else if (this.#buckets > BUCKETS_MIN && this.size < this.#buckets * LOAD_MIN) this.#merge();
    return true;
  }

  /** Forgets all records. */
  clear(): void {
    this.#home = new BucketStore(BUCKETS_MIN);
    this.#homeParts = this.#home.parts;
    this.#spill = new SpillStore();
    this.#buckets = BUCKETS_MIN;
    this.#mask = BUCKETS_MIN - 1;
    this.#foundWords = this.#homeParts[0];
    this.#foundAt = 0;
    this.size = 0;
  }

  /**
   * Visits the records of one bucket and returns the cursor of the next; 0 both starts and ends a
   * scan. Any number is a valid cursor. `visit` must not change the index.
   */
  scan(cursor: number, visit: (address: number) => void): number {
    const hash = reverseBits(cursor >>> 0);
    const bucket = this.#bucketOf(hash);
    this.#eachOf(bucket, visit);
    // The interval of this bucket is 2^-bits of the order: go to the beginning of the next one.
    const half = (this.#mask >>> 1) + 1;
    const split = bucket >= half || bucket + half < this.#buckets;
    const bits = 32 - Math.clz32(split ? this.#mask : this.#mask >>> 1);
    const width = 2 ** (32 - bits);
    const next = reverseBits(bucket) + width;
    return next >= 2 ** 32 ? 0 : next;
  }

  /** Visits every record; `visit` must not change the index. */
  forEach(visit: (address: number) => void): void {
    for (let bucket = 0; bucket < this.#buckets; bucket++) this.#eachOf(bucket, visit);
  }

  /** The address of a record, each equally likely; 0 if there is none. O(1) on average. */
  random(random: Random): number {
    return this.size === 0 ? 0 : draws.choose(this, random, this.#owner);
  }

  get slotCount(): number {
    return (this.#buckets + this.#spill.used) * SLOTS;
  }

  addressAt(place: number): number {
    let bucket = Math.floor(place / SLOTS);
    const slot = place - bucket * SLOTS;
    let parts = this.#homeParts;
    if (bucket >= this.#buckets) {
      bucket -= this.#buckets - 1; // overflow buckets are numbered from 1
      parts = this.#spill.parts;
    }
    const at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    return parts[bucket >>> PART_BITS][at + SLOT + slot];
  }

  #bucketOf(hash: number): number {
    const bucket = hash & this.#mask;
    return bucket < this.#buckets ? bucket : bucket & (this.#mask >>> 1);
  }

  /** Puts an entry into the first free slot of a chain. */
  #place(bucket: number, hash: number, address: number): void {
    let words = this.#homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    let spill = 0; // the overflow bucket that `words` and `at` point to; 0: the home bucket
    for (;;) {
      for (let slot = 0; slot < SLOTS; slot++) {
        if (words[at + SLOT + slot] !== 0) continue;
        words[at + SLOT + slot] = address;
        const shift = (slot & 3) * 8;
        words[at + TAGS + (slot >>> 2)] |= tagOf(hash) << shift;
        return;
      }
      let next = words[at + OVERFLOW];
      if (next === 0) {
        next = this.#spill.take();
        // Growing the store of overflow buckets may have moved the one at hand.
        if (spill !== 0) words = this.#spill.parts[spill >>> PART_BITS];
        words[at + OVERFLOW] = next;
      }
      spill = next;
      words = this.#spill.parts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
  }

  /** Gives back an empty overflow bucket that no chain leads to. */
  #giveSpill(number: number): void {
    const moved = this.#spill.give(number);
    if (moved === 0) return;
    const at = (number & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    const first = this.#spill.parts[number >>> PART_BITS][at + SLOT];
    this.#relink(this.#bucketOf(this.#owner.keyHash(first)), moved, number);
  }

  /** The overflow bucket `from`, which is in the chain of a bucket, is now called `to`. */
  #relink(bucket: number, from: number, to: number): void {
    let words = this.#homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (let next = words[at + OVERFLOW]; next !== from; next = words[at + OVERFLOW]) {
      if (next === 0) throw new Error(`index: overflow bucket ${from} is in no chain`);
      words = this.#spill.parts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
    words[at + OVERFLOW] = to;
  }

  /** Finds an entry by its address and remembers where it is. */
  #seek(hash: number, address: number): boolean {
    const bucket = this.#bucketOf(hash);
    let words = this.#homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (;;) {
      for (let slot = at + SLOT; slot < at + BUCKET_WORDS; slot++) {
        if (words[slot] !== address) continue;
        this.#foundWords = words;
        this.#foundAt = slot;
        return true;
      }
      const next = words[at + OVERFLOW];
      if (next === 0) return false;
      words = this.#spill.parts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
  }

  /** Empties a slot and fills it with the last entry of its chain, which keeps chains short. */
  #fillHole(bucket: number, holeWords: Int32Array, hole: number): void {
    let words = this.#homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    let before: Int32Array | undefined;
    let beforeAt = 0;
    let number = 0;
    while (words[at + OVERFLOW] !== 0) {
      before = words;
      beforeAt = at;
      number = words[at + OVERFLOW];
      words = this.#spill.parts[number >>> PART_BITS];
      at = (number & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
    let last = SLOTS - 1;
    while (words[at + SLOT + last] === 0) last--;
    const holeSlot = (hole & (BUCKET_WORDS - 1)) - SLOT;
    const holeTags = hole - SLOT - holeSlot + TAGS + (holeSlot >>> 2);
    const holeShift = (holeSlot & 3) * 8;
    const lastTags = at + TAGS + (last >>> 2);
    const lastShift = (last & 3) * 8;
    const tag = (words[lastTags] >>> lastShift) & 0xff;
    holeWords[hole] = words[at + SLOT + last];
    holeWords[holeTags] = (holeWords[holeTags] & ~(0xff << holeShift)) | (tag << holeShift);
    words[at + SLOT + last] = 0;
    words[lastTags] &= ~(0xff << lastShift);
    if (last === 0 && before !== undefined) {
      before[beforeAt + OVERFLOW] = 0;
      this.#giveSpill(number);
    }
  }

  #eachOf(bucket: number, visit: (address: number) => void): void {
    let words = this.#homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (;;) {
      for (let slot = at + SLOT; slot < at + BUCKET_WORDS; slot++) {
        if (words[slot] !== 0) visit(words[slot]);
      }
      const next = words[at + OVERFLOW];
      if (next === 0) return;
      words = this.#spill.parts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
  }

  /** Takes all entries out of a chain; the list is reused by the next call. */
  readonly #drained: number[] = [];
  readonly #left: number[] = [];
  #drain(bucket: number): number[] {
    const drained = this.#drained;
    const left = this.#left;
    drained.length = 0;
    let words = this.#homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (;;) {
      for (let slot = at + SLOT; slot < at + BUCKET_WORDS; slot++) {
        if (words[slot] !== 0) drained.push(words[slot]);
      }
      const next = words[at + OVERFLOW];
      words.fill(0, at, at + BUCKET_WORDS);
      if (next === 0) break;
      left.push(next);
      words = this.#spill.parts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
    // The highest first: what takes its place must not be one of these.
    if (left.length > 1) left.sort((a, b) => a - b);
    while (left.length > 0) this.#giveSpill(left.pop()!);
    return drained;
  }

  /** Adds one bucket and moves to it its share of the bucket it is split from. */
  #split(): void {
    if (this.#buckets > this.#mask) this.#mask = this.#mask * 2 + 1;
    const added = this.#buckets;
    this.#home.reach(added);
    this.#buckets++;
    this.#redistribute(this.#drain(added & (this.#mask >>> 1)));
  }

  /** Takes the last bucket away and moves its entries to the bucket it was split from. */
  #merge(): void {
    const entries = this.#drain(this.#buckets - 1);
    this.#buckets--;
    if (this.#buckets === (this.#mask >>> 1) + 1) this.#mask >>>= 1;
    this.#redistribute(entries);
    this.#home.trim(this.#buckets - 1);
  }

  #redistribute(entries: readonly number[]): void {
    this.#owner.touch(entries, entries.length);
    for (const address of entries) {
      const hash = this.#owner.keyHash(address);
      this.#place(this.#bucketOf(hash), hash, address);
    }
  }
}
