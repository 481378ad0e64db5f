/**
 * Builds a stream from parts that come from elsewhere: RESTORE and RDB files.
 *
 * Promise: nothing is believed. Parts that do not fit together are refused with an
 * {@linkcode InvalidStreamError}, and what was built can be used like any other stream.
 */

import type { Buffer } from "node:buffer";
import type { Database, Ref } from "../../keyspace/database.ts";
import type { Args } from "../../resp/args.ts";
import { InvalidStreamError, StreamChecker } from "./check.ts";
import { Chunk } from "./chunk.ts";
import { ConsumerGroup } from "./group.ts";
import { Stream } from "./stream.ts";
import { compareIds, ID_MIN, type StreamId } from "./stream_id.ts";
import type { Uint64 } from "./uint64.ts";

export { InvalidStreamError };

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
  readonly #checker = new StreamChecker();

  /** Adds a chunk: its ID and its listpack, which is taken over. */
  addChunk(id: StreamId, listpack: Buffer): void {
    const { chunks } = this.#stream;
    if (chunks.length > 0 && compareIds(id, chunks[chunks.length - 1]) <= 0) {
      throw new InvalidStreamError("chunks are not in order");
    }
    this.#checker.checkChunk(id.ms, id.seq, listpack, 0, listpack.length);
    this.#stream.adoptChunk(Chunk.of(id, listpack));
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
    const { firstMs, firstSeq, live } = this.#checker;
    this.#checker.checkFigures(length, lastId.ms, lastId.seq);
    stream.length = length;
    stream.lastId = lastId;
    stream.maxDeletedId = maxDeletedId;
    stream.entriesAdded = entriesAdded;
    stream.firstId = live > 0 ? { ms: firstMs, seq: firstSeq } : ID_MIN;
    if (compareIds(stream.firstId, lastId) === 0) stream.firstId = lastId; // one object less
    return stream;
  }
}

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
