/**
 * Records by their addresses: what a record is, where its bytes are, and the bits that its owner
 * keeps with it. How a record lies in memory is told in `record_table.ts`, which finds records by
 * key, makes and removes them.
 */

import type { Buffer } from "node:buffer";
import { Arena, SLOT_BYTES_MAX } from "./arena.ts";
import { equalBytes } from "./bytes.ts";
import { type External, ExternalValues } from "./external_values.ts";
import { HeldValue } from "./held_value.ts";
import type { KeptBytes } from "./kept_bytes.ts";
import {
  ENCODING_MAX,
  EPOCH,
  EXPIRES,
  EXTERNAL,
  FLAG_BITS,
  LENGTH_MAX,
  NONE,
  OFFSET_BITS,
  OFFSET_MASK,
  readExpiry,
  recordSize,
  type Ref,
} from "./record_layout.ts";

/** Most records are shorter than a cache line (16 words) but begin anywhere: so they reach into two. */
const TOUCHED_WORDS = 12;

/** Records that take more than so many times what they use, and so many bytes, are not copied whole. */
const FREE_PARTS_MAX = 2;
const FREE_BYTES_MAX = 64 * 1024;

/** See above. */
export class Records {
  /** After {@linkcode Records.locate}: the buffer that holds key and value. */
  bytes: Buffer;
  /** After `locate`: offset of the key's first byte in `bytes`. */
  keyStart = 0;
  /** After `locate`: offset of the value's first byte, and so the end of the key. */
  valueStart = 0;
  /** After `locate`: offset past the value's last byte. */
  valueEnd = 0;

  /** Where the records are. */
  protected readonly arena = new Arena();
  /** Where the keys and values of large ones are. */
  protected readonly externals = new ExternalValues();
  /** {@linkcode EPOCH} or 0: the bit that records made now carry. */
  protected epoch = 0;

  /** No record at first. */
  constructor() {
    this.bytes = this.arena.bytes[0];
  }

  /** Bytes taken by one record: its slot, and its external buffer. */
  recordBytes(ref: Ref): number {
    const external = this.external(ref);
    return this.arena.slotBytes(ref) + (external?.bytes.length ?? 0);
  }

  /** Finds the bytes of a record: sets `bytes`, `keyStart`, `valueStart` and `valueEnd`. */
  locate(ref: Ref): void {
    const segment = ref >>> OFFSET_BITS;
    const words = this.arena.words[segment];
    const at = (ref & OFFSET_MASK) << 1;
    const flags = words[at];
    if ((flags & EXTERNAL) !== 0) {
      const external = this.externals.at(words[at + 1]);
      this.bytes = external.bytes;
      this.keyStart = 0;
      this.valueStart = external.keyLength;
      this.valueEnd = external.keyLength + external.valueLength;
      return;
    }
    const lengths = words[at + 1];
    this.bytes = this.arena.bytes[segment];
    this.keyStart = (at << 2) + recordSize(flags, 0, 0);
    this.valueStart = this.keyStart + (lengths & LENGTH_MAX);
    this.valueEnd = this.valueStart + (lengths >>> 16);
  }

  /** The owner's encoding of a record. */
  encoding(ref: Ref): number {
    return this.arena.words[ref >>> OFFSET_BITS][(ref & OFFSET_MASK) << 1] & ENCODING_MAX;
  }

  /** The owner's 24 bits of a record. */
  meta(ref: Ref): number {
    return this.arena.words[ref >>> OFFSET_BITS][(ref & OFFSET_MASK) << 1] >>> 8;
  }

  /** Sets the owner's 24 bits. */
  setMeta(ref: Ref, meta: number): void {
    const words = this.arena.words[ref >>> OFFSET_BITS];
    const at = (ref & OFFSET_MASK) << 1;
    words[at] = (words[at] & FLAG_BITS) | (meta << 8);
  }

  /** Sets the owner's encoding. */
  setEncoding(ref: Ref, encoding: number): void {
    const words = this.arena.words[ref >>> OFFSET_BITS];
    const at = (ref & OFFSET_MASK) << 1;
    words[at] = (words[at] & ~ENCODING_MAX) | encoding;
  }

  /**
   * Makes all records there are old, in no time: for a snapshot, which renews each once it is
   * written. Before the next epoch all must be renewed or removed; the caller sees to that.
   */
  newEpoch(): void {
    this.epoch ^= EPOCH;
  }

  /** Whether a record is from before the last {@linkcode Records.newEpoch}, and not renewed. */
  isOld(ref: Ref): boolean {
    return (this.word0(ref) & EPOCH) !== this.epoch;
  }

  /** The record is old no more. */
  renew(ref: Ref): void {
    const words = this.arena.words[ref >>> OFFSET_BITS];
    const at = (ref & OFFSET_MASK) << 1;
    words[at] = (words[at] & ~EPOCH) | this.epoch;
  }

  /**
   * Keeps key and value of a large record as they are now, until the caller has done with them: in
   * no time, whatever becomes of the record. Undefined: it is not large. `counted` is told what is in
   * memory for that only.
   */
  hold(ref: Ref, counted: KeptBytes): HeldValue | undefined {
    const external = this.external(ref);
    return external === undefined ? undefined : new HeldValue(external, counted);
  }

  /** The bytes `from .. to` of a value are about to be overwritten in place. */
  overwriting(ref: Ref, from: number, to: number): void {
    this.external(ref)?.held?.save(from, to);
  }

  /**
   * A record is about to be changed in place, and who holds it does not ask for its blocks: it gets
   * other bytes. The record stays where it is.
   */
  detach(ref: Ref): void {
    const external = this.external(ref);
    if (external !== undefined) this.externals.detach(external);
  }

  /** When a record expires, in ms since the epoch; undefined: never. */
  expiry(ref: Ref): number | undefined {
    const words = this.arena.words[ref >>> OFFSET_BITS];
    const at = (ref & OFFSET_MASK) << 1;
    if ((words[at] & EXPIRES) === 0) return undefined;
    return readExpiry(words, at);
  }

  /**
   * Reads from records that will be used soon: their cache misses overlap. Returns a number that
   * depends on all that was read.
   */
  protected touch(refs: ArrayLike<number>, count: number): number {
    const { words } = this.arena;
    let read = 0;
    for (let i = 0; i < count; i++) {
      const ref = refs[i];
      if (ref === NONE) continue;
      const segment = words[ref >>> OFFSET_BITS];
      const at = (ref & OFFSET_MASK) << 1;
      read ^= segment[at] ^ segment[Math.min(at + TOUCHED_WORDS, segment.length - 1)];
    }
    return read;
  }

  /** Takes memory for a record and writes its header; `word0` may have EXPIRES set. */
  protected create(word0: number, keyLength: number, valueLength: number, spare: number): Ref {
    const size = recordSize(word0, keyLength, valueLength);
    const inline = size <= SLOT_BYTES_MAX;
    const ref = this.arena.allocate(inline ? size : recordSize(word0, 0, 0));
    const words = this.arena.words[ref >>> OFFSET_BITS];
    const at = (ref & OFFSET_MASK) << 1;
    if (inline) {
      words[at] = word0 & ~EXTERNAL;
      words[at + 1] = keyLength | (valueLength << 16);
    } else {
      words[at] = word0 | EXTERNAL;
      words[at + 1] = this.externals.create(keyLength, valueLength, spare);
    }
    return ref;
  }

  /**
   * Takes a copy of all records of others into this empty place, at the same addresses. False, and
   * nothing has changed: there is mostly free room between them.
   */
  protected copyRecords(other: Records): boolean {
    const { usedBytes, touchedBytes } = other.arena;
    if (touchedBytes > FREE_PARTS_MAX * usedBytes + FREE_BYTES_MAX) return false;
    this.arena.copyFrom(other.arena);
    this.externals.copyFrom(other.externals);
    this.epoch = other.epoch;
    return true;
  }

  /** Flags and meta of a record. */
  protected word0(ref: Ref): number {
    return this.arena.words[ref >>> OFFSET_BITS][(ref & OFFSET_MASK) << 1];
  }

  /** The buffer of a large record; undefined: it is none. */
  protected external(ref: Ref): External | undefined {
    const words = this.arena.words[ref >>> OFFSET_BITS];
    const at = (ref & OFFSET_MASK) << 1;
    return (words[at] & EXTERNAL) !== 0 ? this.externals.at(words[at + 1]) : undefined;
  }

  /** Whether `buf[start .. end)` is the key of a record. */
  protected keyEquals(ref: Ref, buf: Uint8Array, start: number, end: number): boolean {
    const segment = ref >>> OFFSET_BITS;
    const words = this.arena.words[segment];
    const at = (ref & OFFSET_MASK) << 1;
    const flags = words[at];
    if ((flags & EXTERNAL) !== 0) {
      const external = this.externals.at(words[at + 1]);
      return external.keyLength === end - start &&
        equalBytes(external.bytes, 0, buf, start, end - start);
    }
    if ((words[at + 1] & LENGTH_MAX) !== end - start) return false;
    const key = (at << 2) + recordSize(flags, 0, 0);
    return equalBytes(this.arena.bytes[segment], key, buf, start, end - start);
  }
}
