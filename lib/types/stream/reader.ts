/**
 * Reads the entries of a stream in a range of IDs, forwards or backwards, in place.
 *
 *     for (const reader = stream.read(start, end); reader.next();) {
 *       use(reader.id);
 *       while (reader.entry.nextPair()) use(reader.entry.field, reader.entry.value);
 *     }
 *
 * Valid until the stream is changed.
 */

import { type Chunk, Entry } from "./chunk.ts";
import { compareIds, ID_MAX, ID_MIN, type StreamId } from "./stream_id.ts";
import type { Uint64 } from "./uint64.ts";

/** Index of the last chunk whose ID is not above `id`; -1: there is none. */
export function chunkIndex(chunks: readonly Chunk[], id: StreamId): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIds(chunks[middle], id) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The entry that was read last, so that who reads on need not search its chunk from the start. */
export class ReadHint {
  /** undefined: nothing was read yet. */
  chunk: Chunk | undefined;
  entriesAt = 0;
  at = 0;
  ms: Uint64 = 0;
  seq: Uint64 = 0;

  /** Notes an entry. */
  set({ chunk, at, ms, seq }: Entry): void {
    this.chunk = chunk;
    this.entriesAt = chunk.entriesAt;
    this.at = at;
    this.ms = ms;
    this.seq = seq;
  }

  /** Where in a chunk to search for `start`; -1: nothing is known of it. */
  from(chunk: Chunk, start: StreamId): number {
    // Entries only move when the chunk's counters take more room.
    const holds = chunk === this.chunk && chunk.entriesAt === this.entriesAt &&
      compareIds(this, start) <= 0;
    return holds ? this.at : -1;
  }
}

/** A reader of entries. */
export class StreamReader {
  /** The entry that {@linkcode StreamReader.next} stepped to. */
  readonly entry = new Entry();
  /** Which chunk it is in. */
  chunkIndex = 0;
  /** Entries that are deleted are read as well. */
  withDeleted = false;

  readonly #chunks: readonly Chunk[];
  readonly #hint: ReadHint | undefined;
  #start: StreamId = ID_MIN;
  #end: StreamId = ID_MAX;
  #backwards = false;
  /** Forwards: offset of the next entry; backwards: of this one. -1: begin with the chunk. */
  #at = -1;
  /** Forwards: the next entry begins where this one ends. */
  #isIn = false;

  /** @param chunks in the order of their IDs. @param hint of the last read of the same chunks. */
  constructor(chunks: readonly Chunk[], hint?: ReadHint) {
    this.#chunks = chunks;
    this.#hint = hint;
  }

  /** The ID of the entry. */
  get id(): StreamId {
    return { ms: this.entry.ms, seq: this.entry.seq };
  }

  /** Goes before the entries from `start` to `end`, or behind them. */
  seek(start: StreamId, end: StreamId, backwards = false): void {
    this.#start = start;
    this.#end = end;
    this.#backwards = backwards;
    this.#at = -1;
    this.#isIn = false;
    this.chunkIndex = backwards
      ? chunkIndex(this.#chunks, end)
      : Math.max(chunkIndex(this.#chunks, start), 0);
  }

  /** Steps to the next entry; false: there is none in the range. */
  next(): boolean {
    return this.#backwards ? this.#previous() : this.#next();
  }

  #next(): boolean {
    const { entry } = this;
    const start = this.#start;
    for (;;) {
      if (this.#isIn) this.#at = entry.end;
      this.#isIn = false;
      const chunk = this.#chunks[this.chunkIndex];
      if (chunk === undefined) return false;
      if (this.#at < 0) this.#at = this.#firstIn(chunk);
      if (this.#at >= chunk.length - 1) {
        this.chunkIndex++;
        this.#at = -1;
        continue;
      }
      entry.load(chunk, this.#at);
      this.#isIn = true;
      if (entry.isDeleted && !this.withDeleted) continue; // XSETID may have put it out of order
      if (compareIds(entry, start) < 0) continue;
      if (compareIds(entry, this.#end) > 0) return false;
      this.#hint?.set(entry);
      return true;
    }
  }

  /** Where to begin with a chunk. */
  #firstIn(chunk: Chunk): number {
    const hinted = this.#hint?.from(chunk, this.#start) ?? -1;
    if (hinted >= 0) return hinted;
    return this.withDeleted ? chunk.entriesAt : chunk.firstLive();
  }

  #previous(): boolean {
    const { entry } = this;
    for (;;) {
      const chunk = this.#chunks[this.chunkIndex];
      if (chunk === undefined) return false;
      const at = chunk.entryBefore(this.#at < 0 ? chunk.length - 1 : this.#at);
      if (at < 0) {
        this.chunkIndex--;
        this.#at = -1;
        continue;
      }
      this.#at = at;
      entry.load(chunk, at);
      if (entry.isDeleted && !this.withDeleted) continue;
      if (compareIds(entry, this.#end) > 0) continue;
      return compareIds(entry, this.#start) >= 0;
    }
  }
}
