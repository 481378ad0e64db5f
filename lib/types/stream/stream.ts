/**
 * A stream: entries in the order of their IDs, in chunks ({@linkcode Chunk}), and consumer groups.
 *
 * Chunks stand in an array in the order of their IDs. Entries are only added at the end; those that
 * are deleted stay, flagged, until their chunk goes. Promise: chunks begin and end where those of
 * Redis do, so that approximate trimming removes the same entries; all counters are Redis's.
 *
 * A moment of a stream is a stream with the same chunks ({@linkcode Stream.keep}). Until it ends those
 * are of an older epoch, and copied before they change; so are the pages of its groups.
 */

import type { ValueObject } from "../../keyspace/value.ts";
import type { KeptBytes } from "../../memory/kept_bytes.ts";
import type { Args } from "../../resp/args.ts";
import { FrozenCopy } from "../moment/frozen_copy.ts";
import { Chunk, Entry } from "./chunk.ts";
import { type ConsumerGroup, UNKNOWN_READ } from "./group.ts";
import { NameTable } from "./names.ts";
import { radixTreeNodes } from "./radix_tree.ts";
import { chunkIndex, ReadHint, StreamReader } from "./reader.ts";
import { compareIds, ID_MAX, ID_MIN, isZeroId, type StreamId } from "./stream_id.ts";
import { differenceInt64, sumInt64 } from "./uint64.ts";

/** A chunk never grows beyond this, and no entry may be larger. */
export const CHUNK_BYTES_MAX = 1 << 30;
/** What the objects of a chunk take besides its bytes. */
const CHUNK_OVERHEAD_BYTES = 300;
const STREAM_OVERHEAD_BYTES = 400;

/** How large chunks get: `stream-node-max-bytes` and `stream-node-max-entries`; 0: no limit. */
export interface ChunkLimits {
  readonly bytes_max: number;
  readonly entries_max: number;
}

/** The entry looked at when the first ones go. */
const first = new Entry();

/** A stream. */
export class Stream implements ValueObject {
  readonly type = "stream";
  readonly encodingName = "stream";
  /** How many entries there are. */
  length = 0;
  /** The largest ID that was ever given out. */
  lastId: StreamId = ID_MIN;
  /** The ID of the first entry; 0-0: there is none. */
  firstId: StreamId = ID_MIN;
  /** The largest ID that was deleted, other than by trimming. */
  maxDeletedId: StreamId = ID_MIN;
  /** How many entries were ever added: a signed 64-bit integer. */
  entriesAdded: number | bigint = 0;
  /** How often {@linkcode Stream.append} was called: tells who waits whether to look again. */
  appends = 0;

  #chunks: Chunk[] = [];
  #chunkBytes = 0;
  /** Made when somebody asks for it: of many streams nobody does. */
  #groups: NameTable<ConsumerGroup> | undefined;
  #hint: ReadHint | undefined;
  /** See {@linkcode Stream.radixTreeNodes}; -1: to be counted again. */
  #nodes = -1;
  #moment: FrozenCopy<Stream> | undefined;
  /** How many moments there were. */
  #epoch = 0;

  /** The chunks in the order of their IDs; none may be changed. */
  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** In the order of their names. */
  get groups(): NameTable<ConsumerGroup> {
    return this.#groups ??= new NameTable();
  }

  get usedBytes(): number {
    let sum = STREAM_OVERHEAD_BYTES + this.#chunkBytes + CHUNK_OVERHEAD_BYTES * this.#chunks.length;
    if (this.#groups !== undefined) { for (const group of this.#groups) sum += group.usedBytes; }
    return sum;
  }

  /** Nodes of the radix tree that Redis would keep the chunks in. */
  get radixTreeNodes(): number {
    if (this.#nodes < 0) this.#nodes = radixTreeNodes(this.#chunks);
    return this.#nodes;
  }

  /**
   * Adds an entry with an ID above the last: fields and values, `2 * fieldCount` of them, are the
   * arguments from `first` on.
   */
  append(id: StreamId, args: Args, first: number, fieldCount: number, limits: ChunkLimits): void {
    if (compareIds(id, this.lastId) <= 0) throw new Error("stream: IDs must rise");
    let chunk = this.#chunks.at(-1);
    const size_bytes = entrySize(args, first, fieldCount);
    if (chunk === undefined || isFull(chunk, size_bytes, limits)) {
      chunk = this.#beginChunk(chunk, id, args, first, fieldCount);
    } else {
      chunk = this.#own(this.#chunks.length - 1);
    }
    const before = chunk.buf.length;
    chunk.add(id, args, first, fieldCount, size_bytes);
    this.#chunkBytes += chunk.buf.length - before;
    this.length++;
    this.appends++;
    this.entriesAdded = sumInt64(this.entriesAdded, 1);
    this.lastId = id;
    if (this.length === 1) this.firstId = id;
  }

  /** Begins a chunk behind `last`, which is full. */
  #beginChunk(
    last: Chunk | undefined,
    id: StreamId,
    args: Args,
    first: number,
    fieldCount: number,
  ): Chunk {
    if (last !== undefined) {
      const before = last.buf.length;
      last.shrink();
      this.#chunkBytes += last.buf.length - before;
    }
    const chunk = Chunk.begin(id, args, first, fieldCount, last?.length ?? 0);
    this.#pushChunk(chunk);
    return chunk;
  }

  /** Whether there is an entry with this ID. */
  has(id: StreamId): boolean {
    return this.read(id, id).next();
  }

  /** A reader of the entries from `start` to `end`, both included. */
  read(start: StreamId = ID_MIN, end: StreamId = ID_MAX, backwards = false): StreamReader {
    const reader = new StreamReader(this.#chunks, this.#hint ??= new ReadHint());
    reader.seek(start, end, backwards);
    return reader;
  }

  /** The ID of the last entry; 0-0: there is none. */
  get lastEntryId(): StreamId {
    const reader = this.read(ID_MIN, ID_MAX, true);
    return reader.next() ? reader.id : ID_MIN;
  }

  /** Deletes entries; returns how many there were. */
  delete(ids: readonly StreamId[]): number {
    let deleted = 0;
    let firstGone = false;
    for (const id of ids) {
      const reader = this.read(id, id);
      if (!reader.next()) continue;
      if (reader.entry.chunk.live === 1) this.#removeChunk(reader.chunkIndex);
      else this.#markDeleted(this.#own(reader.chunkIndex), reader.entry.at);
      this.length--;
      deleted++;
      if (compareIds(id, this.firstId) === 0) firstGone = true;
      if (compareIds(id, this.maxDeletedId) > 0) this.maxDeletedId = id;
    }
    if (firstGone || this.length === 0) this.#findFirst();
    return deleted;
  }

  /**
   * Removes entries from the front until `length_max` are left.
   *
   * @param wholeOnly removes chunks only, and stops where one would have to be broken.
   * @param limit removes no chunk if that made more than so many entries; 0: no limit.
   * @returns how many entries were removed.
   */
  trimToLength(length_max: number | bigint, wholeOnly: boolean, limit: number | bigint): number {
    if (this.length > 0 && this.length <= length_max) return 0;
    const isDone = () => this.length <= length_max;
    return this.#trim(
      wholeOnly,
      limit,
      isDone,
      (chunk) => this.length - chunk.live >= length_max,
      isDone,
    );
  }

  /** Removes the entries below an ID, as {@linkcode Stream.trimToLength} does. */
  trimBelow(id: StreamId, wholeOnly: boolean, limit: number | bigint): number {
    return this.#trim(
      wholeOnly,
      limit,
      () => false,
      (chunk) => compareIds(chunk.lastId, id) < 0,
      (entry) => compareIds(entry, id) >= 0,
    );
  }

  /** The ID of the first entry, deleted or not. */
  get firstStoredId(): StreamId {
    const reader = this.read();
    reader.withDeleted = true;
    return reader.next() ? reader.id : ID_MAX;
  }

  /** Whether entries may be missing behind `id`: one of them was deleted, not trimmed. */
  hasGapAfter(id: StreamId): boolean {
    if (this.length === 0 || isZeroId(this.maxDeletedId)) return false;
    if (compareIds(this.firstId, this.maxDeletedId) > 0) return false;
    return compareIds(id, this.maxDeletedId) <= 0;
  }

  /** The number of an ID among all entries ever added; {@linkcode UNKNOWN_READ}. */
  numberOf(id: StreamId): number | bigint {
    if (this.entriesAdded === 0) return 0;
    const toLast = compareIds(id, this.lastId);
    if (this.length === 0 && toLast <= 0) return this.entriesAdded;
    if (toLast === 0) return this.entriesAdded;
    if (toLast > 0) return UNKNOWN_READ;
    const toFirst = compareIds(id, this.firstId);
    if (isZeroId(this.maxDeletedId) || compareIds(this.maxDeletedId, this.firstId) < 0) {
      const before = differenceInt64(this.entriesAdded, this.length);
      if (toFirst < 0) return before;
      if (toFirst === 0) return sumInt64(before, 1);
    }
    return UNKNOWN_READ;
  }

  /** How many entries a group has still to read; undefined: nobody knows. */
  lag(group: ConsumerGroup): number | bigint | undefined {
    if (this.entriesAdded === 0) return 0;
    if (group.entriesRead !== UNKNOWN_READ && !this.hasGapAfter(group.lastId)) {
      return differenceInt64(this.entriesAdded, group.entriesRead);
    }
    const read = this.numberOf(group.lastId);
    return read === UNKNOWN_READ ? undefined : differenceInt64(this.entriesAdded, read);
  }

  /** A group reads on to the entry with this ID, which is behind its last one. */
  advance(group: ConsumerGroup, id: StreamId): void {
    if (group.entriesRead !== UNKNOWN_READ && !this.hasGapAfter(id)) {
      group.entriesRead = sumInt64(group.entriesRead, 1);
    } else if (this.entriesAdded !== 0) {
      group.entriesRead = this.numberOf(id);
    }
    group.lastId = id;
  }

  keep(_clock_ms: number, kept: KeptBytes): FrozenCopy<Stream> {
    if (this.#moment !== undefined) throw new Error("stream: one moment at a time");
    const copy = new Stream();
    copy.#chunks = this.#chunks.slice();
    copy.#chunkBytes = this.#chunkBytes;
    this.#copyRest(copy);
    this.#epoch++;
    return this.#moment = new FrozenCopy(copy, kept, () => this.#moment = undefined);
  }

  clone(): Stream {
    const copy = new Stream();
    for (const chunk of this.#chunks) copy.#pushChunk(chunk.clone());
    this.#copyRest(copy);
    return copy;
  }

  #copyRest(copy: Stream): void {
    copy.length = this.length;
    copy.lastId = this.lastId;
    copy.firstId = this.firstId;
    copy.maxDeletedId = this.maxDeletedId;
    copy.entriesAdded = this.entriesAdded;
    for (const group of this.groups) copy.groups.add(group.name, group.clone());
  }

  free(): void {
    for (const chunk of this.#moment === undefined ? [] : this.#chunks) this.#leave(chunk);
    this.#chunks = [];
    this.#hint = undefined;
    this.#chunkBytes = 0;
  }

  /** Adds a chunk that was read from elsewhere, with an ID above all others. */
  adoptChunk(chunk: Chunk): void {
    const last = this.#chunks.at(-1);
    if (last !== undefined && compareIds(chunk, last) <= 0) {
      throw new Error("stream: chunks must come in order");
    }
    this.#pushChunk(chunk);
  }

  #trim(
    wholeOnly: boolean,
    limit: number | bigint,
    isDone: () => boolean,
    goes: (chunk: Chunk) => boolean,
    stays: (id: StreamId) => boolean,
  ): number {
    let deleted = 0;
    let whole = 0;
    while (whole < this.#chunks.length && !isDone()) {
      const chunk = this.#chunks[whole];
      if (limit > 0 && deleted + chunk.live > limit) break;
      if (goes(chunk)) {
        this.length -= chunk.live;
        deleted += chunk.live;
        whole++;
        continue;
      }
      if (!wholeOnly) deleted += this.#trimWithin(this.#own(whole), stays);
      break;
    }
    if (whole > 0) this.#removeFirstChunks(whole);
    if (deleted > 0 || this.length === 0) this.#findFirst();
    return deleted;
  }

  /** Flags the first entries of a chunk as deleted, up to one that stays. */
  #trimWithin(chunk: Chunk, stays: (id: StreamId) => boolean): number {
    let deleted = 0;
    for (;;) {
      const at = chunk.firstLive();
      if (at >= chunk.length - 1) return deleted;
      first.load(chunk, at);
      if (stays(first)) return deleted;
      this.#markDeleted(chunk, at);
      this.length--;
      deleted++;
    }
  }

  /** The chunk at a place, to be changed: one that is part of the moment gives way to a copy. */
  #own(index: number): Chunk {
    const kept = this.#chunks[index];
    if (this.#moment === undefined || kept.epoch === this.#epoch) return kept;
    const chunk = kept.clone();
    chunk.epoch = this.#epoch;
    this.#chunkBytes += chunk.buf.length - kept.buf.length;
    this.#leave(kept);
    return this.#chunks[index] = chunk;
  }

  /** A chunk is the stream's no more; the moment may still have it. */
  #leave(chunk: Chunk): void {
    if (this.#moment !== undefined && chunk.epoch !== this.#epoch) {
      this.#moment.noteLeft(chunk.buf.length);
    }
  }

  #markDeleted(chunk: Chunk, at: number): void {
    const before = chunk.buf.length;
    chunk.markDeleted(at);
    this.#chunkBytes += chunk.buf.length - before;
  }

  #findFirst(): void {
    this.firstId = ID_MIN;
    if (this.length === 0) return;
    for (const chunk of this.#chunks) {
      const at = chunk.firstLive();
      if (at >= chunk.length - 1) continue;
      first.load(chunk, at);
      this.firstId = { ms: first.ms, seq: first.seq };
      return;
    }
  }

  /** Adds a chunk, behind the others unless XSETID went back behind one whose entries are gone. */
  #pushChunk(chunk: Chunk): void {
    chunk.epoch = this.#epoch;
    const last = this.#chunks.at(-1);
    if (last === undefined) {
      this.#chunks = [chunk]; // an empty array would take room for 17
    } else if (compareIds(last, chunk) < 0) {
      this.#chunks.push(chunk);
    } else {
      const before = chunkIndex(this.#chunks, chunk);
      const isSame = before >= 0 && compareIds(this.#chunks[before], chunk) === 0;
      if (isSame) this.#removeChunk(before);
      this.#chunks.splice(isSame ? before : before + 1, 0, chunk);
    }
    this.#chunkBytes += chunk.buf.length;
    this.#nodes = -1;
  }

  #removeChunk(index: number): void {
    this.#leave(this.#chunks[index]);
    this.#chunkBytes -= this.#chunks[index].buf.length;
    this.#chunks.splice(index, 1);
    this.#nodes = -1;
  }

  #removeFirstChunks(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#leave(this.#chunks[i]);
      this.#chunkBytes -= this.#chunks[i].buf.length;
    }
    if (count === 1) this.#chunks.shift();
    else this.#chunks.splice(0, count);
    this.#nodes = -1;
  }
}

/** Whether the next entry, so large, begins a new chunk. */
function isFull(
  chunk: Chunk,
  size_bytes: number,
  { bytes_max, entries_max }: ChunkLimits,
): boolean {
  const limit = bytes_max === 0 || bytes_max > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : bytes_max;
  if (chunk.length + size_bytes >= limit) return true;
  return entries_max > 0 && chunk.count >= entries_max;
}

/** Bytes of an entry's fields and values. */
export function entrySize(args: Args, first: number, fieldCount: number): number {
  let sum = 0;
  for (let i = 0; i < 2 * fieldCount; i++) sum += args.length(first + i);
  return sum;
}
