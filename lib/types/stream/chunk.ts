/**
 * A chunk of a stream: some entries in the order of their IDs, packed in one listpack the way Redis
 * packs a node of a stream.
 *
 *     live | deleted | fields | field ... | 0 | entry | entry | ...          the chunk, from the ID
 *                                                                            of its first entry on
 *     flags | ms | seq |          value ...         | parts                  an entry with the fields
 *     flags | ms | seq | fields | field, value, ... | parts                  above; or with its own
 *
 * `ms` and `seq` are differences to the chunk's ID; `parts` counts the elements before it, so that
 * entries can be walked backwards. An entry that is deleted is only flagged; the owner drops the
 * chunk when the last one goes. Promise: the bytes are those that Redis would have, length and all.
 */

import { Buffer } from "node:buffer";
import { equalBytes, newBytes } from "../../memory/bytes.ts";
import { INT64_LENGTH_MAX } from "../../numbers/int64.ts";
import type { Args } from "../../resp/args.ts";
import {
  afterElement,
  beforeElement,
  Element,
  ELEMENT_OVERHEAD_MAX,
  ELEMENTS_UNKNOWN,
  HEADER_BYTES,
  integerBytes,
  LISTPACK_END,
  readInteger,
  writeInteger,
  writeText,
} from "./listpack.ts";
import type { StreamId } from "./stream_id.ts";
import { addUint64, differenceInt64, type Uint64 } from "./uint64.ts";

/** Flag of an entry that is deleted. */
export const DELETED = 1;
/** Flag of an entry whose fields are those of the chunk. */
export const SAME_FIELDS = 2;

/** Elements of an entry besides its fields and values, and of a chunk besides its fields. */
const ENTRY_PARTS = 3;
const BYTES_MIN = 128;
/** A chunk that grows takes at most so much in advance. */
const SPARE_BYTES_MAX = 4096;
/** A new chunk takes at most so much on the strength of what the last one became. */
const EXPECTED_BYTES_MAX = 16384;

/**
 * Buffers up to this size are pieces of blocks of 8 KiB (`Buffer.poolSize`), which are made in a
 * quarter of the time: of small streams there may be many. A chunk that grows leaves its block.
 */
const POOLED_BYTES_MAX = 512;

const field = new Element();

/** A buffer for the listpack of a chunk; its contents are undefined. */
export function chunkBuffer(size: number): Buffer {
  return size <= POOLED_BYTES_MAX ? Buffer.allocUnsafe(size) : newBytes(size);
}

/** Entries packed into one run of bytes. */
export class Chunk {
  /** The listpack is `buf[0 .. length)`; what follows is spare. */
  buf: Buffer;
  length: number;
  /** Entries that are not deleted. */
  live: number;
  /** Entries that are. */
  deleted: number;
  /** How many fields the chunk's own are. */
  fieldCount: number;
  /** Offset of the first of them. */
  fieldsAt: number;
  /** Offset of the first entry. */
  entriesAt: number;
  /** The stream's own: tells whether it was there at the last moment. */
  epoch = 0;
  #elements: number;
  /** All entries before this offset are deleted: trimming leaves many, and none comes back. */
  #liveAt = 0;

  private constructor(readonly ms: Uint64, readonly seq: Uint64, buf: Buffer) {
    this.buf = buf;
    this.length =
      this.live =
      this.deleted =
      this.fieldCount =
        0;
    this.fieldsAt = this.entriesAt = this.#elements = 0;
  }

  /**
   * A chunk whose ID and fields are those of its first entry, which {@linkcode Chunk.add} adds.
   *
   * @param expected_bytes how large it will probably become; 0: nobody knows.
   */
  static begin(
    id: StreamId,
    args: Args,
    first: number,
    fieldCount: number,
    expected_bytes: number,
  ): Chunk {
    const least = HEADER_BYTES + fieldsBytes(args, first, fieldCount) + 64;
    const size = Math.max(BYTES_MIN, least, Math.min(expected_bytes, EXPECTED_BYTES_MAX));
    const chunk = new Chunk(id.ms, id.seq, chunkBuffer(size));
    const { buf } = chunk;
    let at = writeInteger(buf, HEADER_BYTES, 0);
    at = writeInteger(buf, at, 0);
    at = writeInteger(buf, at, fieldCount);
    chunk.fieldsAt = at;
    for (let i = 0; i < fieldCount; i++) {
      const arg = first + 2 * i;
      at = writeText(buf, at, args.buf, args.start(arg), args.end(arg));
    }
    at = chunk.entriesAt = chunk.#liveAt = writeInteger(buf, at, 0);
    chunk.fieldCount = fieldCount;
    chunk.#elements = ENTRY_PARTS + fieldCount + 1;
    chunk.#finish(at);
    return chunk;
  }

  /** A chunk with the listpack `bytes`, which is taken over and must be well-formed. */
  static of(id: StreamId, bytes: Buffer): Chunk {
    const chunk = new Chunk(id.ms, id.seq, bytes);
    chunk.length = bytes.length;
    chunk.#elements = bytes.readUInt16LE(4);
    let at = HEADER_BYTES;
    chunk.live = Number(readInteger(bytes, at));
    at = afterElement(bytes, at);
    chunk.deleted = Number(readInteger(bytes, at));
    at = afterElement(bytes, at);
    chunk.fieldCount = Number(readInteger(bytes, at));
    at = chunk.fieldsAt = afterElement(bytes, at);
    for (let i = 0; i < chunk.fieldCount; i++) at = afterElement(bytes, at);
    chunk.entriesAt = chunk.#liveAt = afterElement(bytes, at);
    return chunk;
  }

  /** Entries, deleted ones included. */
  get count(): number {
    return this.live + this.deleted;
  }

  /**
   * Adds an entry behind the last: fields and values, together `size_bytes` long, are the arguments
   * from `first` on.
   */
  add(
    id: StreamId,
    args: Args,
    first: number,
    fieldCount: number,
    size_bytes: number,
  ): void {
    const same = this.#hasFields(args, first, fieldCount);
    this.#reserve(size_bytes + (2 * fieldCount + 6) * ELEMENT_OVERHEAD_MAX);
    this.#setCounts(this.live + 1, this.deleted);
    const { buf } = this;
    let at = writeInteger(buf, this.length - 1, same ? SAME_FIELDS : 0);
    at = writeInteger(buf, at, differenceInt64(id.ms, this.ms));
    at = writeInteger(buf, at, differenceInt64(id.seq, this.seq));
    if (!same) at = writeInteger(buf, at, fieldCount);
    const end = first + 2 * fieldCount;
    for (let arg = same ? first + 1 : first; arg < end; arg += same ? 2 : 1) {
      at = writeText(buf, at, args.buf, args.start(arg), args.end(arg));
    }
    const parts = ENTRY_PARTS + (same ? fieldCount : 2 * fieldCount + 1);
    at = writeInteger(buf, at, parts);
    this.#elements += parts + 1;
    this.#finish(at);
  }

  /** The ID of the last entry, deleted or not. */
  get lastId(): StreamId {
    const at = this.entryBefore(this.length - 1);
    if (at < 0) throw new Error("chunk: there are no entries");
    passed.load(this, at);
    return { ms: passed.ms, seq: passed.seq };
  }

  /** Flags the entry at offset `at`, which is not deleted yet. */
  markDeleted(at: number): void {
    const flags = Number(readInteger(this.buf, at));
    if ((flags & DELETED) !== 0) throw new Error("chunk: an entry is deleted twice");
    writeInteger(this.buf, at, flags | DELETED); // as small as before
    this.#setCounts(this.live - 1, this.deleted + 1);
    this.#writeHeader();
  }

  /** Offset of the first entry that is not deleted; `length - 1`: all are. */
  firstLive(): number {
    let at = this.#liveAt;
    while (at < this.length - 1 && (Number(readInteger(this.buf, at)) & DELETED) !== 0) {
      passed.load(this, at);
      at = passed.end;
    }
    return this.#liveAt = at;
  }

  /** Offset of the entry before the one at `at`; -1: that is the first. `length - 1`: the end. */
  entryBefore(at: number): number {
    if (at <= this.entriesAt) return -1;
    let from = beforeElement(this.buf, at);
    for (let parts = Number(readInteger(this.buf, from)); parts > 0; parts--) {
      from = beforeElement(this.buf, from);
    }
    return from;
  }

  /** Gives spare room back: no entries will be added for now. */
  shrink(): void {
    if (this.buf.length > this.length) this.#resize(this.length);
  }

  /** A copy that shares nothing with this one. */
  clone(): Chunk {
    const bytes = chunkBuffer(this.length);
    this.buf.copy(bytes, 0, 0, this.length);
    return Chunk.of(this, bytes);
  }

  /** Whether every second argument from `first` on is the same as the chunk's own fields. */
  #hasFields(args: Args, first: number, fieldCount: number): boolean {
    if (fieldCount !== this.fieldCount) return false;
    let at = this.fieldsAt;
    for (let i = 0; i < fieldCount; i++) {
      const arg = first + 2 * i;
      at = field.read(this.buf, at);
      const length = field.end - field.start;
      if (length !== args.length(arg)) return false;
      if (!equalBytes(field.bytes, field.start, args.buf, args.start(arg), length)) return false;
    }
    return true;
  }

  #setCounts(live: number, deleted: number): void {
    const before = integerBytes(this.live) + integerBytes(this.deleted);
    const shift = integerBytes(live) + integerBytes(deleted) - before;
    this.live = live;
    this.deleted = deleted;
    if (shift !== 0) {
      this.#reserve(shift);
      this.buf.copyWithin(HEADER_BYTES + before + shift, HEADER_BYTES + before, this.length);
      this.length += shift;
      this.fieldsAt += shift;
      this.entriesAt += shift;
      this.#liveAt += shift;
    }
    writeInteger(this.buf, writeInteger(this.buf, HEADER_BYTES, live), deleted);
  }

  #finish(at: number): void {
    this.buf[at] = LISTPACK_END;
    this.length = at + 1;
    this.#writeHeader();
  }

  #writeHeader(): void {
    const { buf, length } = this;
    const elements = Math.min(this.#elements, ELEMENTS_UNKNOWN);
    buf[0] = length & 0xff;
    buf[1] = (length >> 8) & 0xff;
    buf[2] = (length >> 16) & 0xff;
    buf[3] = length >> 24;
    buf[4] = elements & 0xff;
    buf[5] = elements >> 8;
  }

  #reserve(bytes: number): void {
    const size = this.length + bytes;
    if (size > this.buf.length) this.#resize(size + Math.min(this.length, SPARE_BYTES_MAX));
  }

  #resize(size: number): void {
    const resized = chunkBuffer(size);
    this.buf.copy(resized, 0, 0, this.length);
    this.buf = resized;
  }
}

/** Bytes that the fields among the arguments take at most. */
function fieldsBytes(args: Args, first: number, fieldCount: number): number {
  let sum = 0;
  for (let i = 0; i < fieldCount; i++) sum += args.length(first + 2 * i) + ELEMENT_OVERHEAD_MAX;
  return sum;
}

/** Where all entries write out their integers: making buffers for each took a third of XRANGE. */
const fieldDigits = newBytes(INT64_LENGTH_MAX);
const valueDigits = newBytes(INT64_LENGTH_MAX);

/**
 * One entry of a chunk, decoded as far as its fields. Field and value are valid until the next pair
 * of any entry is read.
 */
export class Entry {
  chunk!: Chunk;
  /** Where it begins. */
  at = 0;
  flags = 0;
  ms: Uint64 = 0;
  seq: Uint64 = 0;
  fieldCount = 0;
  /** After {@linkcode Entry.nextPair}: a field ... */
  readonly field: Element = new Element(fieldDigits);
  /** ... and its value. */
  readonly value: Element = new Element(valueDigits);

  /** The next field's place among the chunk's fields, if the entry has those. */
  #fieldAt = 0;
  /** The next element of the entry itself. */
  #bodyAt = 0;
  #pairsLeft = 0;

  /** Takes the entry at offset `at` of a chunk. */
  load(chunk: Chunk, at: number): void {
    const { buf } = chunk;
    this.chunk = chunk;
    this.at = at;
    this.flags = Number(readInteger(buf, at));
    at = afterElement(buf, at);
    this.ms = addUint64(chunk.ms, readInteger(buf, at));
    at = afterElement(buf, at);
    this.seq = addUint64(chunk.seq, readInteger(buf, at));
    at = afterElement(buf, at);
    if ((this.flags & SAME_FIELDS) !== 0) {
      this.fieldCount = chunk.fieldCount;
    } else {
      this.fieldCount = Number(readInteger(buf, at));
      at = afterElement(buf, at);
    }
    this.#bodyAt = at;
    this.#fieldAt = chunk.fieldsAt;
    this.#pairsLeft = this.fieldCount;
  }

  /** Whether it is deleted. */
  get isDeleted(): boolean {
    return (this.flags & DELETED) !== 0;
  }

  /** Offset of the next entry, or of the end. */
  get end(): number {
    const { buf } = this.chunk;
    let at = this.#bodyAt;
    const elements = (this.flags & SAME_FIELDS) !== 0 ? this.#pairsLeft : 2 * this.#pairsLeft;
    for (let i = 0; i <= elements; i++) at = afterElement(buf, at);
    return at;
  }

  /** Steps to the next field and its value; false: there is none. */
  nextPair(): boolean {
    if (this.#pairsLeft === 0) return false;
    this.#pairsLeft--;
    const { buf } = this.chunk;
    if ((this.flags & SAME_FIELDS) !== 0) this.#fieldAt = this.field.read(buf, this.#fieldAt);
    else this.#bodyAt = this.field.read(buf, this.#bodyAt);
    this.#bodyAt = this.value.read(buf, this.#bodyAt);
    return true;
  }
}

/** Entries that are only passed over. */
const passed = new Entry();
