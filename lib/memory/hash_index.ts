/**
 * A byte-keyed index: finds the address of a record by its key. It holds addresses only; keys stay
 * in the records, and the owner compares and hashes them.
 *
 * Linear hashing (Litwin 1980): the table grows and shrinks bucket by bucket, so no step
 * ever stalls the loop and no second table is needed. With `m` the largest power of two not above the
 * number of buckets and `s = buckets - m`, the buckets below `s` have been split: hash h lives in
 * bucket `h & (m - 1)`, or in `h & (2m - 1)` if that one has been split.
 *
 * What a bucket holds: `bucket_chains.ts`. The tag of an entry is eight bits of its hash, so that a
 * lookup reads another record than the right one only now and then. They are the bits above those
 * that number the bucket, taken further up at every third doubling: whether an entry moves when its
 * bucket is split is told by its tag, and only at every third doubling by its record.
 *
 * Scan cursors are positions in the order of *bit-reversed* hashes. A bucket is one interval of
 * that order, a split halves the interval in place, a merge joins two neighbours; so a scan that
 * walks upwards returns every entry that was there all the time, whatever grew or shrank.
 */

import type { Random } from "../platform/random.ts";
import { BucketChains, Entries, OVERFLOW, SLOT, SLOTS, TAGS } from "./bucket_chains.ts";
import { BUCKET_WORDS, PART_BITS, PART_BUCKETS } from "./bucket_store.ts";
import { DrawsAhead, type Slots, type Toucher } from "./draws_ahead.ts";
import { reverseBits } from "./hash.ts";

/** What an index needs to know of the records it points to. */
export interface RecordOwner extends Toucher {
  /** Whether the key of the record at `address` is `buf[start .. end)`. */
  keyEquals(address: number, buf: Uint8Array, start: number, end: number): boolean;
  /** Hash of the key of the record at `address`: the int32 it was inserted with. */
  keyHash(address: number): number;
}

/** Buckets at least: 2 to this power. */
const LEVEL_MIN = 2;
const BUCKETS_MIN = 1 << LEVEL_MIN;
/** Buckets are added when there are more entries than this per bucket ... */
const LOAD_MAX = 8;
/** ... and taken away when there are fewer than this, ... */
const LOAD_MIN = 4;
/** ... in an index of so many buckets several at a time: they are neighbours in memory. */
const BUCKETS_STEPPED = 1024;
const BUCKETS_PER_STEP = 8;
/** An emptied index larger than this begins anew: overflow buckets are given back only then. */
const EMPTY_BYTES_MAX = 1 << 16;
/** Tags are taken further up at every so many doublings. With more they tell entries apart less well. */
const LEVELS_PER_TAG = 3;

const draws = new DrawsAhead();
/** Entries of buckets that are split or merged. */
const drained = new Entries();
const staying = new Entries();
const moving = new Entries();
/** How many indexes were made. */
let indexes = 0;

/** Which bits of a hash are the tag in a bucket that `level` bits number: those from this one on. */
function tagShift(level: number): number {
  return level - level % LEVELS_PER_TAG;
}

/** Addresses of records, found by the bytes of their keys. */
export class HashIndex implements Slots {
  readonly id: number = ++indexes;
  /** How many records are indexed. */
  size = 0;

  readonly #owner: RecordOwner;
  #chains: BucketChains;
  #homeParts: Int32Array[];
  #spillParts: Int32Array[];
  /** 2^level is m, see above. */
  #level = LEVEL_MIN;
  /** m - 1 */
  #mask = BUCKETS_MIN - 1;
  /** s: how many of the first m buckets have been split. */
  #split = 0;
  /** Buckets are added above this size and taken away below that one. */
  #sizeMax = BUCKETS_MIN * LOAD_MAX;
  #sizeMin = 0;
  /** Tags of buckets that have not been split, and of those that have: see {@linkcode tagShift}. */
  #shift = tagShift(LEVEL_MIN);
  #splitShift = tagShift(LEVEL_MIN + 1);

  /** @param owner compares and hashes the keys of the records. */
  constructor(owner: RecordOwner) {
    this.#owner = owner;
    this.#chains = this.#newChains();
    this.#homeParts = this.#chains.homeParts;
    this.#spillParts = this.#chains.spillParts;
  }

  #newChains(): BucketChains {
    return new BucketChains(BUCKETS_MIN, (address) => this.#bucketOf(this.#owner.keyHash(address)));
  }

  /** Bytes held by the index itself. */
  get bytes(): number {
    return this.#chains.bytes;
  }

  /** How many buckets there are, for statistics. */
  get bucketCount(): number {
    return this.#mask + 1 + this.#split;
  }

  /** The address of the record with key `buf[start .. end)`, whose hash is `hash`; 0: none. */
  find(hash: number, buf: Uint8Array, start: number, end: number): number {
    let bucket = hash & this.#mask;
    let shift = this.#shift;
    if (bucket < this.#split) {
      bucket = hash & (2 * this.#mask + 1);
      shift = this.#splitShift;
    }
    const pattern = ((hash >>> shift) & 0xff) * 0x01010101;
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
            return address;
          }
          marks &= marks - 1;
        }
      }
      const next = words[at + OVERFLOW];
      if (next === 0) return 0;
      words = this.#spillParts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
  }

  /**
   * Reads the buckets of hashes that will soon be looked up: their cache misses overlap. Returns a
   * number that depends on all of them, so that no compiler drops the reads.
   */
  touch(hashes: Int32Array, count: number): number {
    const mask = this.#mask;
    const split = this.#split;
    const parts = this.#homeParts;
    let read = 0;
    for (let i = 0; i < count; i++) {
      let bucket = hashes[i] & mask;
      if (bucket < split) bucket = hashes[i] & (2 * mask + 1);
      read ^= parts[bucket >>> PART_BITS][(bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS];
    }
    return read;
  }

  /** The first address in the home bucket of a hash whose tag fits; 0: none does. */
  guess(hash: number): number {
    const bucket = this.#bucketOf(hash);
    const pattern = this.#tagOf(hash) * 0x01010101;
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
    this.#chains.place(this.#bucketOf(hash), this.#tagOf(hash), address);
    if (++this.size > this.#sizeMax) this.#adapt();
  }

  /** Makes room in an empty index for `count` records, so that adding them splits no bucket. */
  reserve(count: number): void {
    if (this.size > 0) return;
    while (this.bucketCount * LOAD_MAX < count) this.#grow();
    this.#setSizes();
  }

  /** Makes an empty index a copy of another, whose records have the same addresses and hashes. */
  copyFrom(other: HashIndex): void {
    if (this.size > 0) throw new Error("index: a copy needs an empty one");
    this.#chains.copyFrom(other.#chains);
    this.#setLevel(other.#level, other.#split);
    this.#setSizes();
    this.size = other.size;
  }

  /** The record at `from`, whose key has hash `hash`, has moved to `to`. False: it is not here. */
  replace(hash: number, from: number, to: number): boolean {
    if (!this.#chains.seek(this.#bucketOf(hash), from)) return false;
    this.#chains.foundWords[this.#chains.foundAt] = to;
    return true;
  }

  /** Takes out the record at `address`, whose key has hash `hash`. False: it is not here. */
  remove(hash: number, address: number): boolean {
    const bucket = this.#bucketOf(hash);
    if (!this.#chains.seek(bucket, address)) return false;
    this.#chains.removeFound(bucket);
    if (--this.size === 0 && this.bytes > EMPTY_BYTES_MAX) this.clear();
    else if (this.size < this.#sizeMin) this.#adapt();
    return true;
  }

  /** Forgets all records. */
  clear(): void {
    this.#chains = this.#newChains();
    this.#homeParts = this.#chains.homeParts;
    this.#spillParts = this.#chains.spillParts;
    this.#setLevel(LEVEL_MIN, 0);
    this.#setSizes();
    this.size = 0;
  }

  /**
   * Visits the records of one bucket and returns the cursor of the next; 0 both starts and ends a
   * scan. Any number is a valid cursor. `visit` must not change the index.
   */
  scan(cursor: number, visit: (address: number) => void): number {
    const hash = reverseBits(cursor >>> 0);
    const bucket = this.#bucketOf(hash);
    this.#chains.forEach(bucket, visit);
    // The interval of this bucket is 2^-bits of the order: go to the beginning of the next one.
    const bits = this.#isSplit(hash) ? this.#level + 1 : this.#level;
    const next = reverseBits(bucket) + 2 ** (32 - bits);
    return next >= 2 ** 32 ? 0 : next;
  }

  /** Visits every record; `visit` must not change the index. */
  forEach(visit: (address: number) => void): void {
    const buckets = this.bucketCount;
    for (let bucket = 0; bucket < buckets; bucket++) this.#chains.forEach(bucket, visit);
  }

  /** The address of a record, each equally likely; 0 if there is none. O(1) on average. */
  random(random: Random): number {
    return this.size === 0 ? 0 : draws.choose(this, random, this.#owner);
  }

  get slotCount(): number {
    return (this.bucketCount + this.#chains.overflowCount) * SLOTS;
  }

  addressAt(place: number): number {
    let bucket = Math.floor(place / SLOTS);
    const slot = place - bucket * SLOTS;
    let parts = this.#homeParts;
    const buckets = this.bucketCount;
    if (bucket >= buckets) {
      bucket -= buckets - 1; // overflow buckets are numbered from 1
      parts = this.#spillParts;
    }
    const at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    return parts[bucket >>> PART_BITS][at + SLOT + slot];
  }

  /** Whether the bucket that a hash belonged to at the last doubling has been split since. */
  #isSplit(hash: number): boolean {
    return (hash & this.#mask) < this.#split;
  }

  #bucketOf(hash: number): number {
    return this.#isSplit(hash) ? hash & (2 * this.#mask + 1) : hash & this.#mask;
  }

  #tagOf(hash: number): number {
    return (hash >>> (this.#isSplit(hash) ? this.#splitShift : this.#shift)) & 0xff;
  }

  /** Adds or takes away buckets, towards as many as the size asks for. */
  #adapt(): void {
    for (let steps = 0; steps < BUCKETS_PER_STEP; steps++) {
      const buckets = this.bucketCount;
      if (this.size > buckets * LOAD_MAX) this.#grow();
      else if (this.size < buckets * LOAD_MIN && buckets > BUCKETS_MIN) this.#shrink();
      else break;
    }
    this.#setSizes();
  }

  #setSizes(): void {
    const buckets = this.bucketCount;
    const slack = buckets >= BUCKETS_STEPPED ? BUCKETS_PER_STEP - 1 : 0;
    this.#sizeMax = (buckets + slack) * LOAD_MAX;
    this.#sizeMin = buckets > BUCKETS_MIN ? (buckets - slack) * LOAD_MIN : 0;
  }

  /** Adds one bucket and moves to it its share of the bucket it is split from. */
  #grow(): void {
    const from = this.#split;
    const added = this.bucketCount;
    this.#chains.reach(added);
    this.#drain(from);
    this.#split++;
    this.#deal(from, added);
    if (this.#split > this.#mask) this.#setLevel(this.#level + 1, 0);
  }

  /** Takes the last bucket away and moves its entries to the bucket it was split from. */
  #shrink(): void {
    if (this.#split === 0) this.#setLevel(this.#level - 1, 2 ** (this.#level - 1));
    const into = this.#split - 1;
    const last = this.bucketCount - 1;
    this.#drain(into);
    this.#chains.drain(last, drained);
    this.#split--;
    this.#renewTags(drained, this.#splitShift, this.#shift);
    this.#chains.fill(into, drained);
    this.#chains.trim(last - 1);
  }

  #drain(bucket: number): void {
    drained.count = 0;
    this.#chains.drain(bucket, drained);
  }

  /** Deals the drained entries out to the two halves of their bucket. */
  #deal(low: number, high: number): void {
    const { addresses, tags, count } = drained;
    const bit = 1 << (this.#level - this.#shift);
    staying.count = moving.count = 0;
    for (let i = 0; i < count; i++) {
      const half = (tags[i] & bit) === 0 ? staying : moving;
      half.add(addresses[i], tags[i]);
    }
    this.#renewTags(staying, this.#shift, this.#splitShift);
    this.#renewTags(moving, this.#shift, this.#splitShift);
    this.#chains.fill(low, staying);
    this.#chains.fill(high, moving);
  }

  /** Entries go from a bucket with tags of one shift to one with those of another. */
  #renewTags(entries: Entries, from: number, to: number): void {
    if (from === to) return;
    const { addresses, tags, count } = entries;
    this.#owner.touch(addresses, count);
    for (let i = 0; i < count; i++) tags[i] = this.#owner.keyHash(addresses[i]) >>> to;
  }

  #setLevel(level: number, split: number): void {
    this.#level = level;
    this.#split = split;
    this.#mask = 2 ** level - 1;
    this.#shift = tagShift(level);
    this.#splitShift = tagShift(level + 1);
  }
}
