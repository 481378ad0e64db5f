/**
 * Builds a stream from parts that come from elsewhere: RESTORE and RDB files.
 *
 * Promise: nothing is believed. Parts that do not fit together are refused with an
 * {@linkcode InvalidStreamError}, and what was built can be used like any other stream.
 */

import { Buffer } from "node:buffer";
import type { Database, Ref } from "../../keyspace/database.ts";
import type { Args } from "../../resp/args.ts";
import { Chunk, DELETED, SAME_FIELDS } from "./chunk.ts";
import { ConsumerGroup } from "./group.ts";
import {
  afterElement,
  countElements,
  ELEMENTS_UNKNOWN,
  HEADER_BYTES,
  isInteger,
  LISTPACK_END,
  readInteger,
} from "./listpack.ts";
import { Stream } from "./stream.ts";
import { compareIds, ID_MIN, type StreamId } from "./stream_id.ts";
import { addUint64, type Uint64 } from "./uint64.ts";

const NOTHING = Buffer.alloc(0);

/** Parts of a stream that do not fit together. */
export class InvalidStreamError extends Error {
  override name = "InvalidStreamError";
}

/** A group as files have it. */
export interface GroupParts {
  /** Latin1. */
  readonly name: string;
  readonly lastId: StreamId;
  /** -1: not known. */
  readonly entriesRead: number | bigint;
  /** What is not acknowledged, in the order of the IDs. */
  readonly pending: Iterable<
    { readonly id: StreamId; readonly time_ms: number; readonly deliveries: Uint64 }
  >;
  /** Each of the pending IDs is with exactly one consumer. */
  readonly consumers: Iterable<
    { readonly name: string; readonly seen_ms: number; readonly pending: Iterable<StreamId> }
  >;
}

/** The figures of a stream. */
export interface StreamFigures {
  readonly length: number;
  readonly lastId: StreamId;
  readonly maxDeletedId: StreamId;
  readonly entriesAdded: number | bigint;
}

/** Stores a stream under argument `i`, as `Database.storeObject` does. The caller reports it. */
export function storeStream(
  db: Database,
  ref: Ref,
  args: Args,
  i: number,
  stream: Stream,
  keepExpiry = false,
): Ref {
  return db.storeObject(ref, args, i, stream, keepExpiry);
}

/** Puts a stream together: its chunks in order, its figures, its groups. */
export class StreamBuilder {
  readonly #stream = new Stream();
  #live = 0;
  /** The first and the last entry so far that are not deleted. */
  #firstId: StreamId | undefined;
  #lastMs: Uint64 = 0;
  #lastSeq: Uint64 = 0;

  /** Adds a chunk: its ID and its listpack, which is taken over. */
  addChunk(id: StreamId, listpack: Buffer): void {
    checkListpack(listpack);
    const { chunks } = this.#stream;
    if (chunks.length > 0 && compareIds(id, chunks[chunks.length - 1]) <= 0) {
      throw new InvalidStreamError("chunks are not in order");
    }
    try {
      this.#checkEntries(id, listpack);
    } finally {
      walk.open(NOTHING);
    }
    const chunk = Chunk.of(id, listpack);
    this.#live += chunk.live;
    this.#stream.adoptChunk(chunk);
  }

  /** Adds a group. */
  addGroup(parts: GroupParts): void {
    if (this.#stream.groups.get(parts.name) !== undefined) {
      throw new InvalidStreamError("two groups have the same name");
    }
    this.#stream.groups.add(parts.name, buildGroup(parts));
  }

  /** The stream, once everything was added. */
  finish({ length, lastId, maxDeletedId, entriesAdded }: StreamFigures): Stream {
    const stream = this.#stream;
    if (length !== this.#live) throw new InvalidStreamError("the length is wrong");
    if (isAfter(this.#lastMs, this.#lastSeq, lastId.ms, lastId.seq)) {
      throw new InvalidStreamError("an entry is behind the last ID");
    }
    stream.length = length;
    stream.lastId = lastId;
    stream.maxDeletedId = maxDeletedId;
    stream.entriesAdded = entriesAdded;
    stream.firstId = this.#firstId ?? ID_MIN;
    if (compareIds(stream.firstId, lastId) === 0) stream.firstId = lastId; // one object less
    return stream;
  }

  /** Checks the entries of a chunk, which come behind those of the chunks before. */
  #checkEntries(id: StreamId, bytes: Buffer): void {
    walk.open(bytes);
    const live = walk.count();
    const deleted = walk.count();
    const fieldCount = walk.count();
    walk.skip(fieldCount);
    if (walk.integer() !== 0) throw new InvalidStreamError("a chunk's fields have no end");
    let deletedSeen = 0;
    for (let i = 0; i < live + deleted; i++) {
      const flags = walk.integer();
      if (typeof flags === "bigint" || flags < 0 || flags > 3) {
        throw new InvalidStreamError("an entry has unknown flags");
      }
      const ms = addUint64(id.ms, walk.integer());
      const seq = addUint64(id.seq, walk.integer());
      if ((flags & DELETED) === 0) this.#noteLive(ms, seq);
      else deletedSeen++; // they may be out of order, after an XSETID
      const isSame = (flags & SAME_FIELDS) !== 0;
      const fields = isSame ? fieldCount : walk.count();
      walk.skip(isSame ? fields : 2 * fields);
      if (walk.integer() !== (isSame ? 3 + fields : 4 + 2 * fields)) {
        throw new InvalidStreamError("an entry has a wrong count of parts");
      }
    }
    if (!walk.isAtEnd || live + deleted === 0 || deletedSeen !== deleted) {
      throw new InvalidStreamError("a chunk has a wrong count of entries");
    }
  }

  #noteLive(ms: Uint64, seq: Uint64): void {
    if (!isAfter(ms, seq, this.#lastMs, this.#lastSeq)) {
      throw new InvalidStreamError("entries are not in order");
    }
    this.#firstId ??= { ms, seq };
    this.#lastMs = ms;
    this.#lastSeq = seq;
  }
}

/** Whether the ID `ms-seq` is behind another. */
function isAfter(ms: Uint64, seq: Uint64, otherMs: Uint64, otherSeq: Uint64): boolean {
  return ms > otherMs || (ms === otherMs && seq > otherSeq);
}

function checkListpack(bytes: Buffer): void {
  const { length } = bytes;
  if (
    length <= HEADER_BYTES || (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16)) +
          bytes[3] * 0x1000000 !== length ||
    bytes[length - 1] !== LISTPACK_END
  ) {
    throw new InvalidStreamError("a listpack has a wrong size");
  }
  const count = countElements(bytes, HEADER_BYTES, length - 1);
  const announced = bytes[4] | (bytes[5] << 8);
  if (count < 0 || (announced !== ELEMENTS_UNKNOWN && announced !== count)) {
    throw new InvalidStreamError("a listpack is malformed");
  }
}

/** Walks through the elements of a well-formed listpack and refuses what is not there. */
class Walk {
  at = 0;
  #buf: Buffer = NOTHING;
  #end = 0;

  open(buf: Buffer): void {
    this.#buf = buf;
    this.#end = buf.length - 1;
    this.at = HEADER_BYTES;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  integer(): number | bigint {
    const buf = this.#buf;
    const { at } = this;
    if (at < this.#end && buf[at] < 0x80) { // most of them
      this.at = at + 2;
      return buf[at];
    }
    if (this.isAtEnd || !isInteger(buf, at)) {
      throw new InvalidStreamError("a chunk has no integer where one must be");
    }
    this.at = afterElement(buf, at);
    return readInteger(buf, at);
  }

  /** An integer that counts something there is room for. */
  count(): number {
    const value = this.integer();
    if (value < 0 || value > this.#buf.length) {
      throw new InvalidStreamError("a chunk has an impossible count");
    }
    return Number(value);
  }

  skip(count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.isAtEnd) throw new InvalidStreamError("a chunk ends too soon");
      this.at = afterElement(this.#buf, this.at);
    }
  }
}

/** Of chunks being checked there is one at a time. */
const walk = new Walk();

/** Stands for the consumer of a row that nobody has claimed yet. */
const NOBODY = 0xffffffff;

function buildGroup(parts: GroupParts): ConsumerGroup {
  const group = new ConsumerGroup(parts.name, parts.lastId, parts.entriesRead);
  const { pending } = group;
  for (const { id, time_ms, deliveries } of parts.pending) {
    const row = pending.from(id);
    if (row.isAtId) throw new InvalidStreamError("an ID is pending twice");
    pending.insertAt(row, id);
    row.time_ms = Math.max(time_ms, 0);
    row.deliveries = deliveries;
    row.consumer = NOBODY;
  }
  let claimed = 0;
  for (const { name, seen_ms, pending: ids } of parts.consumers) {
    if (group.consumers.get(name) !== undefined) {
      throw new InvalidStreamError("two consumers have the same name");
    }
    const consumer = group.createConsumer(name, seen_ms);
    for (const id of ids) {
      const row = pending.from(id);
      if (!row.isAtId || row.consumer !== NOBODY) {
        throw new InvalidStreamError("a consumer has what is not pending");
      }
      row.consumer = consumer.handle;
      consumer.pending.add(id);
      claimed++;
    }
  }
  if (claimed !== pending.size) throw new InvalidStreamError("an ID is pending with nobody");
  return group;
}
