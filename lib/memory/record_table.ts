/**
 * A table of records with byte keys and byte values: the keyspace, and later large hashes and sets.
 *
 * A record lives in an {@linkcode Arena} slot; a {@linkcode HashIndex} is the only holder of its
 * address (a second one lists the records that expire). Nothing per record is a JS object.
 *
 *     word 0   flags (8 bits: encoding 1..15, EXPIRES, EXTERNAL, EPOCH) | meta (24 bits, the owner's)
 *     word 1   key length (16 bits) | value length (16 bits)
 *     8 bytes  expiry in ms since the epoch, a double - only with EXPIRES
 *     bytes    key, then value
 *
 * A record too large for a slot is EXTERNAL: key and value stand in a buffer of its own, and word 1
 * is that buffer's handle.
 *
 * A **ref** (the address) is valid until the next change of the table: a call that may move the
 * record returns the new one. {@linkcode RecordTable.locate} tells where the bytes are.
 */

import type { Random } from "../platform/random.ts";
import { KEYS_AHEAD_MIN, type KeysAhead, OFFSETS } from "./keys_ahead.ts";
import { copyBytes } from "./bytes.ts";
import { EXTERNAL_SPARE_BYTES_MAX } from "./external_values.ts";
import { hashBytes, type HashSeed } from "./hash.ts";
import { HashIndex } from "./hash_index.ts";
import {
  ENCODING_MAX,
  EXPIRES,
  EXTERNAL,
  LENGTH_MAX,
  NONE,
  OFFSET_BITS,
  OFFSET_MASK,
  recordSize,
  type Ref,
  writeExpiry,
} from "./record_layout.ts";
import { Records } from "./records.ts";

export { ENCODING_MAX, NONE, type Ref };

/** Tables up to this size stay in the processor's caches by themselves. */
const CACHED_BYTES_MAX = 512 * 1024;

/** How many tables were made. */
let tables = 0;

/** A table of records, see above. */
export class RecordTable extends Records {
  #seed: HashSeed;
  readonly #index: HashIndex;
  /** The records with an expiry. */
  readonly #expiring: HashIndex;
  /** Hash of the key of the last {@linkcode RecordTable.find}, which `insert` takes up. */
  #lastHash = 0;
  /** What the last find found, or NONE: to be forgotten whenever a record goes or moves. */
  #found: Ref = NONE;
  /** Whether the one before it found the same: one hot key need not be hashed again and again. */
  #isHot = false;
  /** Depends on what was read ahead, so that no compiler drops the reads. */
  #read = 0;

  /** @param seed the secret of the hash. */
  constructor(seed: HashSeed) {
    super();
    // A secret of its own for each table: one filled in another's scan order would have its hashes
    // come sorted, and all of them crowd into a few buckets until it has grown.
    this.#seed = { k0: (seed.k0 + Math.imul(++tables, 0x9e3779b9)) | 0, k1: seed.k1 };
    const owner = {
      keyEquals: (ref: Ref, buf: Uint8Array, start: number, end: number) =>
        this.keyEquals(ref, buf, start, end),
      keyHash: (ref: Ref) => this.#keyHash(ref),
      touch: (refs: ArrayLike<number>, count: number) => {
        this.#read ^= this.touch(refs, count);
      },
    };
    this.#index = new HashIndex(owner);
    this.#expiring = new HashIndex(owner);
  }

  /** How many records there are. */
  get size(): number {
    return this.#index.size;
  }

  /** How many records have an expiry. */
  get expiringSize(): number {
    return this.#expiring.size;
  }

  /** Bytes in use: live slots, large values and the indexes. */
  get usedBytes(): number {
    return this.arena.usedBytes + this.externals.usedBytes + this.indexBytes;
  }

  /** Bytes held from the system for all of this. */
  get reservedBytes(): number {
    return this.arena.reservedBytes + this.externals.usedBytes + this.indexBytes;
  }

  /** Bytes of both indexes. */
  get indexBytes(): number {
    return this.#index.bytes + this.#expiring.bytes;
  }

  /** Buckets of the main index, for statistics. */
  get bucketCount(): number {
    return this.#index.bucketCount;
  }

  /** The record with key `buf[start .. end)`, or NONE. */
  find(buf: Uint8Array, start: number, end: number): Ref {
    const last = this.#found;
    if (this.#isHot && last !== NONE && this.keyEquals(last, buf, start, end)) return last;
    const hash = hashBytes(this.#seed, buf, start, end);
    this.#lastHash = hash;
    const ref = this.#index.find(hash, buf, start, end);
    this.#isHot = ref === last;
    this.#found = ref;
    return ref;
  }

  /** In the place of {@linkcode RecordTable.find} for a key that is known to be absent. */
  aim(buf: Uint8Array, start: number, end: number): void {
    this.#lastHash = hashBytes(this.#seed, buf, start, end);
    this.#found = NONE;
  }

  /** As {@linkcode RecordTable.find}, but the next `insert` does not belong to it. */
  findAside(buf: Uint8Array, start: number, end: number): Ref {
    return this.#index.find(hashBytes(this.#seed, buf, start, end), buf, start, end);
  }

  /**
   * Reads ahead what looking up an argument of commands `from .. to` will read. `refs` gets the
   * records that they seem to lead to, or NONE. Returns whether that was worth the while: it is not
   * for few different keys, nor where the processor's caches hold everything anyway.
   */
  warm(keys: KeysAhead, from: number, to: number, argument: number, refs: Int32Array): boolean {
    const { bufs, bounds } = keys;
    const index = this.#index;
    const count = to - from;
    let distinct = 0;
    for (let i = 0; i < count; i++) { // first all hashes, then all reads: see KeysAhead
      const at = (from + i) * OFFSETS + argument;
      if (i > 0 && keys.repeats(from + i, argument)) {
        refs[i] = refs[i - 1];
      } else {
        refs[i] = hashBytes(this.#seed, bufs[from + i], bounds[at], bounds[at + 1]);
        distinct++;
      }
    }
    const read = index.touch(refs, count);
    for (let i = 0; i < count; i++) refs[i] = index.guess(refs[i]);
    this.#read ^= read ^ this.touch(refs, count);
    return distinct >= KEYS_AHEAD_MIN && this.reservedBytes > CACHED_BYTES_MAX;
  }

  /**
   * Reads ahead what removing these records will read. Returns false where that is not worth the
   * while.
   */
  warmRecords(refs: Int32Array, count: number): boolean {
    if (this.reservedBytes <= CACHED_BYTES_MAX) return false;
    this.#read ^= this.touch(refs, count);
    for (let i = 0; i < count; i++) refs[i] = this.#keyHash(refs[i]);
    this.#read ^= this.#index.touch(refs, count);
    return true;
  }

  /**
   * Adds a record whose key the last {@linkcode RecordTable.find} did not find. The value is
   * `value[from .. to)`; `encoding` is 1 .. {@linkcode ENCODING_MAX}, `meta` has 24 bits. It expires
   * at `expiry_ms`; undefined: never.
   */
  insert(
    buf: Uint8Array,
    start: number,
    end: number,
    encoding: number,
    meta: number,
    value: Uint8Array,
    from: number,
    to: number,
    expiry_ms?: number,
  ): Ref {
    const expires = expiry_ms === undefined ? 0 : EXPIRES;
    const word0 = encoding | this.epoch | expires | (meta << 8);
    const ref = this.create(word0, end - start, to - from, 0);
    this.locate(ref);
    copyBytes(buf, start, end, this.bytes, this.keyStart);
    copyBytes(value, from, to, this.bytes, this.valueStart);
    this.#index.insert(this.#lastHash, ref);
    if (expiry_ms !== undefined) {
      writeExpiry(this.arena.words[ref >>> OFFSET_BITS], (ref & OFFSET_MASK) << 1, expiry_ms);
      this.#expiring.insert(this.#lastHash, ref);
    }
    return ref;
  }

  /**
   * Gives a record another value, `value[from .. to)`, and encoding; expiry and meta stay. The
   * value may stand in this very table.
   */
  setValue(ref: Ref, encoding: number, value: Uint8Array, from: number, to: number): Ref {
    const segment = ref >>> OFFSET_BITS;
    const words = this.arena.words[segment];
    const at = (ref & OFFSET_MASK) << 1;
    const flags = words[at];
    const lengths = words[at + 1];
    const keyBytes = recordSize(flags, lengths & LENGTH_MAX, 0);
    if ((flags & EXTERNAL) === 0 && this.arena.fits(ref, keyBytes + to - from)) {
      words[at] = (flags & ~ENCODING_MAX) | encoding;
      words[at + 1] = (lengths & LENGTH_MAX) | ((to - from) << 16);
      copyBytes(value, from, to, this.arena.bytes[segment], (at << 2) + keyBytes);
      return ref;
    }
    return this.#rebuild(ref, (flags & ~ENCODING_MAX) | encoding, to - from, value, from, to);
  }

  /**
   * Changes the length of a value in place: what is there stays, what is added is zero. External
   * values get spare room, so that appending byte by byte costs linear time.
   */
  resizeValue(ref: Ref, length: number): Ref {
    const flags = this.word0(ref);
    this.locate(ref);
    const external = this.external(ref);
    if (external !== undefined && length >= external.valueLength) {
      this.externals.grow(external, length);
      return ref;
    }
    const kept = Math.min(length, this.valueEnd - this.valueStart);
    const { bytes, valueStart, valueEnd } = this;
    const size = recordSize(flags, valueStart - this.keyStart, length);
    if (external === undefined && size <= this.arena.slotBytes(ref)) {
      this.arena.words[ref >>> OFFSET_BITS][((ref & OFFSET_MASK) << 1) + 1] =
        (valueStart - this.keyStart) | (length << 16);
      if (length > kept) bytes.fill(0, valueEnd, valueStart + length);
      return ref;
    }
    return this.#rebuild(ref, flags, length, bytes, valueStart, valueStart + kept);
  }

  /** Makes room in an empty table for `count` records, `expiring` of them with an expiry. */
  reserve(count: number, expiring: number): void {
    this.#index.reserve(count);
    this.#expiring.reserve(expiring);
  }

  /**
   * Makes an empty table a copy of another, none of whose records is old; nothing is hashed, refs are
   * the same. False, and nothing has changed: the other is mostly free room, better left behind.
   */
  copyFrom(other: RecordTable): boolean {
    if (!this.copyRecords(other)) return false;
    this.#seed = other.#seed;
    this.#index.copyFrom(other.#index);
    this.#expiring.copyFrom(other.#expiring);
    return true;
  }

  /** Takes a record out and gives its memory back. */
  remove(ref: Ref): void {
    const hash = this.#hashOf(ref);
    if (!this.#index.remove(hash, ref)) throw new Error(`table: record ${ref} is not indexed`);
    if ((this.word0(ref) & EXPIRES) !== 0) this.#expiring.remove(hash, ref);
    this.#release(ref);
  }

  /** Sets when a record expires; undefined: never. */
  setExpiry(ref: Ref, at_ms: number | undefined): Ref {
    const flags = this.word0(ref);
    const had = (flags & EXPIRES) !== 0;
    if (at_ms === undefined && !had) return ref;
    if (had !== (at_ms !== undefined)) {
      const hash = this.#hashOf(ref);
      if (had) this.#expiring.remove(hash, ref);
      ref = this.#toggleExpires(ref, flags);
      if (at_ms !== undefined) this.#expiring.insert(hash, ref);
    }
    if (at_ms !== undefined) {
      writeExpiry(this.arena.words[ref >>> OFFSET_BITS], (ref & OFFSET_MASK) << 1, at_ms);
    }
    return ref;
  }

  /** A record, each equally likely, or NONE. */
  random(random: Random): Ref {
    return this.#index.random(random);
  }

  /** A record with an expiry, each equally likely, or NONE. */
  randomExpiring(random: Random): Ref {
    return this.#expiring.random(random);
  }

  /** One step of a scan over all records; see {@linkcode HashIndex.scan}. */
  scan(cursor: number, visit: (ref: Ref) => void): number {
    return this.#index.scan(cursor, visit);
  }

  /** One step of a scan over the records with an expiry. */
  scanExpiring(cursor: number, visit: (ref: Ref) => void): number {
    return this.#expiring.scan(cursor, visit);
  }

  /** Visits every record; `visit` must not change the table. */
  forEach(visit: (ref: Ref) => void): void {
    this.#index.forEach(visit);
  }

  /** Takes everything out. */
  clear(): void {
    this.#found = NONE;
    this.#index.clear();
    this.#expiring.clear();
    this.arena.clear();
    this.externals.clear();
    this.bytes = this.arena.bytes[0];
  }

  /**
   * Gives back some of the memory of a table that is not used any more: `count` segments, or as many
   * large values. False: none was left.
   */
  dismantle(count: number): boolean {
    this.#found = NONE;
    return this.externals.dismantle(count) || this.arena.dismantle(count);
  }

  /**
   * Moves up to `count_max` records out of a sparse segment, so that it can be given back. Returns
   * how many moved; 0: there is nothing worth moving. Refs held elsewhere become invalid.
   */
  compact(count_max: number): number {
    const segment = this.arena.sparseSegment();
    if (segment === 0) return 0;
    this.#found = NONE;
    return this.arena.evacuate(segment, count_max, (from, to) => {
      const hash = this.#keyHash(to);
      this.#index.replace(hash, from, to);
      if ((this.word0(to) & EXPIRES) !== 0) this.#expiring.replace(hash, from, to);
    });
  }

  /** Hash of the key of a record that was probably just found. */
  #hashOf(ref: Ref): number {
    return ref === this.#found ? this.#lastHash : this.#keyHash(ref);
  }

  #keyHash(ref: Ref): number {
    this.locate(ref);
    return hashBytes(this.#seed, this.bytes, this.keyStart, this.valueStart);
  }

  /** Gives the memory of a record back; the indexes are the caller's affair. */
  #release(ref: Ref): void {
    this.#found = NONE;
    const words = this.arena.words[ref >>> OFFSET_BITS];
    const at = (ref & OFFSET_MASK) << 1;
    if ((words[at] & EXTERNAL) !== 0) this.externals.release(words[at + 1]);
    this.arena.free(ref);
  }

  /**
   * Makes a record anew in other memory: same key and expiry, flags and meta as in `word0`, a value
   * of `length` bytes that begins with `value[from .. to)` and goes on with zeros.
   */
  #rebuild(
    ref: Ref,
    word0: number,
    length: number,
    value: Uint8Array,
    from: number,
    to: number,
  ): Ref {
    this.locate(ref);
    const { bytes, keyStart, valueStart } = this;
    const expiry = this.expiry(ref);
    // A value that becomes external by growing (APPEND) will probably grow on.
    const spare = length > to - from ? Math.min(length, EXTERNAL_SPARE_BYTES_MAX) : 0;
    const moved = this.create(word0, valueStart - keyStart, length, spare);
    this.locate(moved);
    copyBytes(bytes, keyStart, valueStart, this.bytes, this.keyStart);
    copyBytes(value, from, to, this.bytes, this.valueStart);
    this.bytes.fill(0, this.valueStart + to - from, this.valueEnd);
    if (expiry !== undefined && (word0 & EXPIRES) !== 0) {
      writeExpiry(this.arena.words[moved >>> OFFSET_BITS], (moved & OFFSET_MASK) << 1, expiry);
    }
    const hash = this.#hashOf(ref);
    this.#index.replace(hash, ref, moved);
    if ((word0 & EXPIRES) !== 0 && expiry !== undefined) this.#expiring.replace(hash, ref, moved);
    this.#release(ref);
    return moved;
  }

  /** Makes room for an expiry, or gives it up. A large value stays in its buffer. */
  #toggleExpires(ref: Ref, flags: number): Ref {
    this.locate(ref);
    const { bytes, valueStart, valueEnd } = this;
    const word0 = flags ^ EXPIRES;
    if ((flags & EXTERNAL) === 0) {
      return this.#rebuild(ref, word0, valueEnd - valueStart, bytes, valueStart, valueEnd);
    }
    const moved = this.arena.allocate(recordSize(word0, 0, 0));
    const words = this.arena.words[moved >>> OFFSET_BITS];
    const at = (moved & OFFSET_MASK) << 1;
    words[at] = word0;
    words[at + 1] = this.arena.words[ref >>> OFFSET_BITS][((ref & OFFSET_MASK) << 1) + 1];
    this.#index.replace(this.#keyHash(moved), ref, moved);
    this.#found = NONE;
    this.arena.free(ref);
    return moved;
  }
}
