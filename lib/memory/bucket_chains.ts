/**
 * The buckets of a hash index and what is in them. Each home bucket begins a chain: those that came
 * when it was full stand in overflow buckets. A bucket is one cache line, 16 words:
 *
 *     | tag x 12 (one byte each, 3 words) | overflow bucket, 0: none | address x 12 |
 *
 * A tag is eight bits of a key's hash; an empty slot has address 0. Only the last bucket of a chain has
 * empty slots, after those in use.
 */

import { BUCKET_WORDS, BucketStore, PART_BITS, PART_BUCKETS, SpillStore } from "./bucket_store.ts";

/** Slots in a bucket. */
export const SLOTS = 12;
/** Where the tags begin: first, so that most lookups touch one cache line only. */
export const TAGS = 0;
/** Where the number of the next bucket of the chain stands. */
export const OVERFLOW = 3;
/** Where the addresses begin. */
export const SLOT = 4;

/** Entries between two chains. */
export class Entries {
  count = 0;
  addresses: Int32Array = new Int32Array(4 * SLOTS);
  tags: Uint8Array = new Uint8Array(4 * SLOTS);

  add(address: number, tag: number): void {
    if (this.count === this.tags.length) this.#grow();
    this.addresses[this.count] = address;
    this.tags[this.count++] = tag;
  }

  #grow(): void {
    const { addresses, tags } = this;
    this.addresses = new Int32Array(2 * this.count);
    this.addresses.set(addresses);
    this.tags = new Uint8Array(2 * this.count);
    this.tags.set(tags);
  }
}

/** Chains of buckets. */
export class BucketChains {
  /** Home buckets, see {@linkcode BucketStore}. */
  readonly homeParts: Int32Array[];
  /** Overflow buckets, numbered from 1. */
  readonly spillParts: Int32Array[];
  /** Where {@linkcode BucketChains.seek} has found an entry. */
  foundWords: Int32Array;
  foundAt = 0;

  readonly #home: BucketStore;
  readonly #spill: SpillStore;
  readonly #homeOf: (address: number) => number;

  /** @param buckets to begin with: a power of two. @param homeOf the home bucket of an address. */
  constructor(buckets: number, homeOf: (address: number) => number) {
    this.#home = new BucketStore(buckets);
    this.#spill = new SpillStore();
    this.#homeOf = homeOf;
    this.homeParts = this.#home.parts;
    this.spillParts = this.#spill.parts;
    this.foundWords = this.homeParts[0];
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#home.bytes + this.#spill.bytes;
  }

  /** How many overflow buckets there are: all of them are in use. */
  get overflowCount(): number {
    return this.#spill.used;
  }

  /** Takes a copy of all chains of others, which are of as many buckets to begin with. */
  copyFrom(other: BucketChains): void {
    this.#home.copyFrom(other.#home);
    this.#spill.copyFrom(other.#spill);
  }

  /** Makes room for home bucket number `bucket`. */
  reach(bucket: number): void {
    this.#home.reach(bucket);
  }

  /** Gives back memory of home buckets above number `last`. */
  trim(last: number): void {
    this.#home.trim(last);
  }

  /** Puts an entry into the first free slot of a chain. */
  place(bucket: number, tag: number, address: number): void {
    let words = this.homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    let spill = 0; // the overflow bucket that `words` and `at` point to; 0: the home bucket
    for (;;) {
      for (let slot = 0; slot < SLOTS; slot++) {
        if (words[at + SLOT + slot] !== 0) continue;
        words[at + SLOT + slot] = address;
        words[at + TAGS + (slot >>> 2)] |= tag << ((slot & 3) * 8);
        return;
      }
      const next = words[at + OVERFLOW] || this.#lengthen(words, at, spill);
      spill = next;
      words = this.spillParts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
  }

  /** Fills an empty chain. */
  fill(bucket: number, entries: Entries): void {
    const { addresses, tags, count } = entries;
    let words = this.homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    let spill = 0;
    for (let i = 0, slot = 0; i < count; i++, slot++) {
      if (slot === SLOTS) {
        spill = this.#lengthen(words, at, spill);
        words = this.spillParts[spill >>> PART_BITS];
        at = (spill & (PART_BUCKETS - 1)) * BUCKET_WORDS;
        slot = 0;
      }
      words[at + SLOT + slot] = addresses[i];
      words[at + TAGS + (slot >>> 2)] |= tags[i] << ((slot & 3) * 8);
    }
  }

  /** Takes all entries out of a chain; they come after those that `entries` has. */
  drain(bucket: number, entries: Entries): void {
    let words = this.homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    const left = this.#left;
    for (;;) {
      for (let slot = 0; slot < SLOTS; slot++) {
        const address = words[at + SLOT + slot];
        if (address === 0) break;
        entries.add(address, words[at + TAGS + (slot >>> 2)] >>> ((slot & 3) * 8));
      }
      const next = words[at + OVERFLOW];
      for (let i = at; i < at + BUCKET_WORDS; i++) words[i] = 0;
      if (next === 0) break;
      left.push(next);
      words = this.spillParts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
    // The highest first: what takes its place must not be one of these.
    if (left.length > 1) left.sort((a, b) => a - b);
    while (left.length > 0) this.#giveSpill(left.pop()!);
  }
  readonly #left: number[] = [];

  /** Finds an entry of a chain by its address and remembers where it is. */
  seek(bucket: number, address: number): boolean {
    let words = this.homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (;;) {
      for (let slot = at + SLOT; slot < at + BUCKET_WORDS; slot++) {
        if (words[slot] !== address) continue;
        this.foundWords = words;
        this.foundAt = slot;
        return true;
      }
      const next = words[at + OVERFLOW];
      if (next === 0) return false;
      words = this.spillParts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
  }

  /** Takes out the entry of chain `bucket` that was found: the last one of the chain takes its slot. */
  removeFound(bucket: number): void {
    let words = this.homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    let before: Int32Array | undefined;
    let beforeAt = 0;
    let number = 0;
    while (words[at + OVERFLOW] !== 0) {
      before = words;
      beforeAt = at;
      number = words[at + OVERFLOW];
      words = this.spillParts[number >>> PART_BITS];
      at = (number & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
    let last = SLOTS - 1;
    while (words[at + SLOT + last] === 0) last--;
    const { foundWords, foundAt } = this;
    const foundSlot = (foundAt & (BUCKET_WORDS - 1)) - SLOT;
    const foundTags = foundAt - SLOT - foundSlot + TAGS + (foundSlot >>> 2);
    const foundShift = (foundSlot & 3) * 8;
    const lastTags = at + TAGS + (last >>> 2);
    const lastShift = (last & 3) * 8;
    const tag = (words[lastTags] >>> lastShift) & 0xff;
    foundWords[foundAt] = words[at + SLOT + last];
    foundWords[foundTags] = (foundWords[foundTags] & ~(0xff << foundShift)) | (tag << foundShift);
    words[at + SLOT + last] = 0;
    words[lastTags] &= ~(0xff << lastShift);
    if (last === 0 && before !== undefined) {
      before[beforeAt + OVERFLOW] = 0;
      this.#giveSpill(number);
    }
  }

  /** Visits the addresses of a chain. */
  forEach(bucket: number, visit: (address: number) => void): void {
    let words = this.homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (;;) {
      for (let slot = at + SLOT; slot < at + BUCKET_WORDS; slot++) {
        if (words[slot] !== 0) visit(words[slot]);
      }
      const next = words[at + OVERFLOW];
      if (next === 0) return;
      words = this.spillParts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
  }

  /**
   * Adds an overflow bucket to the end of a chain: the bucket at `words` and `at`, whose number is
   * `spill` if it is an overflow bucket itself, else 0.
   */
  #lengthen(words: Int32Array, at: number, spill: number): number {
    const next = this.#spill.take();
    // Growing the store of overflow buckets may have moved the one at hand.
    if (spill !== 0) words = this.spillParts[spill >>> PART_BITS];
    words[at + OVERFLOW] = next;
    return next;
  }

  /** Gives back an empty overflow bucket that no chain leads to. */
  #giveSpill(number: number): void {
    const moved = this.#spill.give(number);
    if (moved === 0) return;
    const at = (number & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    const first = this.spillParts[number >>> PART_BITS][at + SLOT];
    this.#relink(this.#homeOf(first), moved, number);
  }

  /** The overflow bucket `from`, which is in the chain of a bucket, is now called `to`. */
  #relink(bucket: number, from: number, to: number): void {
    let words = this.homeParts[bucket >>> PART_BITS];
    let at = (bucket & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    for (let next = words[at + OVERFLOW]; next !== from; next = words[at + OVERFLOW]) {
      if (next === 0) throw new Error(`index: overflow bucket ${from} is in no chain`);
      words = this.spillParts[next >>> PART_BITS];
      at = (next & (PART_BUCKETS - 1)) * BUCKET_WORDS;
    }
    words[at + OVERFLOW] = to;
  }
}
