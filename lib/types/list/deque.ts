/**
 * A long list: a row of chunks, O(1) at both ends; what is in the middle is found chunk by chunk,
 * from the nearer end.
 *
 * Chunks are as large as `list-max-listpack-size` says (8 KiB by default); the first ones grow up to
 * that. An element larger than that has a chunk of its own.
 *
 * While there is a moment of the list (`list_moment.ts`) its chunks, which are of an older epoch, are
 * copied before they change ({@linkcode ListDeque.keep}), and not released.
 */

import type { Buffer } from "node:buffer";
import type { ValueObject } from "../../keyspace/value.ts";
import { copyBytes } from "../../memory/bytes.ts";
import type { KeptBytes } from "../../memory/kept_bytes.ts";
import { Chunk, chunkCapacity, releaseLater } from "./chunk.ts";
import { ChunkRow } from "./chunk_row.ts";
import { closeGaps, Entry, entryBytes, skipBackward, skipForward } from "./entry.ts";
import { ListMoment } from "./list_moment.ts";

/** Bytes of a chunk for list-max-listpack-size -1 ... -5, and below. */
const BYTES_OF_LIMIT = [4096, 8192, 16384, 32768, 65536] as const;
/** Bytes of a chunk where the limit is a number of elements (SIZE_SAFETY_LIMIT). */
const BYTES_OF_COUNTED = 8192;
const FIRST_BYTES_MIN = 256;
/** A new chunk begins with this part of what the list takes already. */
const GROWTH_SHIFT = 2;

/** The chunks of a longer list are released bit by bit when it goes. */
const RELEASED_AT_ONCE_MAX = 256;

const edge = new Entry();

/** A list as an object. Never empty, but for a moment. */
export class ListDeque implements ValueObject {
  readonly type = "list";
  readonly encodingName = "quicklist";
  /** The chunks in order; none is empty. */
  readonly chunks = new ChunkRow();
  /** How many elements there are. */
  length = 0;

  readonly #chunkBytesMax: number;
  readonly #chunkCountMax: number;
  #bytes = 0;
  /** A chunk that became empty, for the next one needed: a queue takes turns. */
  #spare: Chunk | undefined;
  #moment: ListMoment | undefined;
  /** How many moments there were. */
  #epoch = 0;
  #isFreed = false;

  /** An empty list. @param limit of a chunk, as in `list-max-listpack-size`. */
  constructor(readonly limit: number) {
    this.#chunkBytesMax = chunkCapacity(
      limit < 0 ? BYTES_OF_LIMIT[Math.min(-limit, BYTES_OF_LIMIT.length) - 1] : BYTES_OF_COUNTED,
    );
    this.#chunkCountMax = limit < 0 ? Infinity : Math.max(limit, 1);
  }

  /** A list of the `count` entries of the run `bytes[from .. to)`. */
  static ofRun(
    bytes: Buffer,
    from: number,
    to: number,
    count: number,
    limit: number,
  ): ListDeque {
    const list = new ListDeque(limit);
    if (count === 0) return list;
    list.#addChunk(0, new Chunk(to - from)).append(bytes, from, to, count);
    list.length = count;
    return list;
  }

  get usedBytes(): number {
    return this.#bytes;
  }

  clone(): ListDeque {
    const copy = new ListDeque(this.limit);
    for (const { bytes, head, tail, used, count } of this.chunks) {
      copy.#addChunk(copy.chunks.length, new Chunk(used)).append(bytes, head, tail, count);
    }
    copy.length = this.length;
    return copy;
  }

  keep(_clock_ms: number, kept: KeptBytes): ListMoment {
    if (this.#moment !== undefined) throw new Error("list: one moment at a time");
    this.#epoch++;
    return this.#moment = new ListMoment(this, kept, () => this.#endMoment());
  }

  free(): void {
    this.#isFreed = true;
    if (this.#moment !== undefined) return this.#moment.noteLeft(this.#bytes);
    const { chunks } = this;
    if (chunks.length <= RELEASED_AT_ONCE_MAX) { for (const chunk of chunks) chunk.release(); }
    else releaseLater(chunks.slice());
    this.#spare?.release();
    this.#spare = undefined;
    chunks.clear();
    this.length = this.#bytes = 0;
  }

  /** Adds `buf[start .. end)` at one end. */
  push(left: boolean, buf: Uint8Array, start: number, end: number): void {
    const { chunks } = this;
    const size = entryBytes(end - start);
    let chunk = chunks.edge(left);
    if (
      chunk === undefined || chunk.count >= this.#chunkCountMax ||
      (left ? chunk.head - chunk.base : chunk.limit - chunk.tail) < size
    ) {
      chunk = this.#roomAt(left, size);
    } else if (this.#isKept(chunk)) {
      chunk = this.#own(left ? 0 : chunks.length - 1);
    }
    chunk.push(left, buf, start, end);
    this.length++;
  }

  /** The first (`left`) or last element: valid until the next change or call. */
  edge(left: boolean): Entry {
    const chunk = this.chunks.edge(left)!;
    edge.bytes = chunk.bytes;
    if (left) edge.readAfter(chunk.head);
    else edge.readBefore(chunk.tail);
    return edge;
  }

  /** Takes out what {@linkcode ListDeque.edge} has just returned; there are more. */
  dropEdge(left: boolean, { from, to }: Entry): void {
    const at = left ? 0 : this.chunks.length - 1;
    this.length--;
    if (this.chunks.at(at).count === 1) return this.#dropChunk(at);
    const shift = this.#makeOwn(at);
    const chunk = this.chunks.at(at);
    chunk.count--;
    if (left) chunk.head = to + shift;
    else chunk.tail = from + shift;
  }

  /** Takes `count` elements out at one end; at most as many as there are. */
  drop(left: boolean, count: number): void {
    const { chunks } = this;
    this.length -= count;
    while (count > 0) {
      const at = left ? 0 : chunks.length - 1;
      if (count < chunks.at(at).count) return this.#own(at).drop(left, count);
      count -= chunks.at(at).count;
      this.#dropChunk(at);
    }
  }

  /** Adds an element to chunk `at`, `offset` bytes behind its head. */
  insert(at: number, offset: number, buf: Uint8Array, start: number, end: number): void {
    this.length++;
    const size = entryBytes(end - start);
    let chunk = this.chunks.at(at);
    if (chunk.count === 1 && this.#isKept(chunk)) { // not to be copied: it may be very long
      this.#addChunk(offset === 0 ? at : at + 1, new Chunk(size)).push(false, buf, start, end);
      return;
    }
    chunk = this.#own(at);
    if (chunk.count < this.#chunkCountMax) {
      if (chunk.insert(offset, buf, start, end)) return;
      if (this.#grow(chunk, size, false)) return void chunk.insert(offset, buf, start, end);
      if (chunk.used + size <= chunk.capacity) {
        chunk.shift(false);
        return void chunk.insert(offset, buf, start, end);
      }
    }
    this.#split(at, offset);
    chunk = this.chunks.at(at);
    if (chunk.count < this.#chunkCountMax && chunk.insert(offset, buf, start, end)) return;
    this.#addChunk(at + 1, new Chunk(size)).push(false, buf, start, end);
    if (chunk.count === 0) this.#dropChunk(at);
  }

  /** Puts another element in the place of the entry `bytes[from .. to)` of chunk `at`. */
  replace(
    at: number,
    from: number,
    to: number,
    buf: Uint8Array,
    start: number,
    end: number,
  ): void {
    const offset = from - this.chunks.at(at).head;
    this.length--;
    if (this.chunks.at(at).count === 1 && this.#isKept(this.chunks.at(at))) {
      this.#dropChunk(at);
      this.#addChunk(at, new Chunk(0));
    } else {
      const shift = this.#makeOwn(at);
      this.chunks.at(at).remove(from + shift, to + shift);
    }
    this.insert(at, offset, buf, start, end);
  }

  /** Puts as long an element, `buf[start .. end)`, in the place of the one in chunk `at`, at `to`. */
  overwrite(at: number, to: number, buf: Uint8Array, start: number, end: number): void {
    const shift = this.#makeOwn(at);
    copyBytes(buf, start, end, this.chunks.at(at).bytes, to + shift);
  }

  /**
   * Takes entries out of chunk `at`: `removed` is where they begin and end, in turn, from left to
   * right. An empty chunk goes; {@linkcode ListDeque.join} is for the others.
   */
  remove(at: number, removed: readonly number[]): void {
    const count = removed.length / 2;
    this.length -= count;
    if (this.chunks.at(at).count === count) return this.#dropChunk(at);
    const shift = this.#makeOwn(at);
    const chunk = this.chunks.at(at);
    const places = shift === 0 ? removed : removed.map((place) => place + shift);
    chunk.tail = closeGaps(chunk.bytes, chunk.tail, places);
    chunk.count -= count;
  }

  /** Joins chunks from before `first` to behind `last` that have become small. */
  join(first: number, last: number): void {
    for (let at = Math.min(last, this.chunks.length - 2); at >= Math.max(first - 1, 0); at--) {
      this.#joinIfSmall(at);
    }
  }

  /** Makes room for an entry of `size` bytes at one end. */
  #roomAt(left: boolean, size: number): Chunk {
    const last = this.chunks.edge(left);
    if (last !== undefined && this.#mayTake(last, size)) {
      const edge = this.#own(left ? 0 : this.chunks.length - 1);
      if (!this.#grow(edge, size, left)) edge.shift(left);
      return edge;
    }
    const at = left ? 0 : this.chunks.length;
    const spare = this.#spare;
    if (spare !== undefined && spare.capacity >= size) {
      this.#spare = undefined;
      spare.head = spare.tail = left ? spare.limit : spare.base;
      spare.epoch = this.#epoch;
      this.chunks.insert(at, spare);
      return spare;
    }
    const wanted = Math.max(FIRST_BYTES_MIN, this.#bytes >>> GROWTH_SHIFT);
    const chunk = new Chunk(Math.max(size, Math.min(wanted, this.#chunkBytesMax)));
    if (left) chunk.head = chunk.tail = chunk.limit;
    return this.#addChunk(at, chunk);
  }

  /** Gives a chunk that has not its full size yet room for `size` more bytes, if that will do. */
  #grow(chunk: Chunk, size: number, left: boolean): boolean {
    const wanted = chunk.used + size;
    const { capacity, size: size_bytes } = chunk;
    if (wanted > this.#chunkBytesMax || capacity >= this.#chunkBytesMax) return false;
    chunk.resize(Math.min(Math.max(capacity * 2, wanted), this.#chunkBytesMax), left);
    this.#bytes += chunk.size - size_bytes;
    return true;
  }

  /**
   * Whether a chunk can be given room for `size` more bytes at one end: by growing; or since the
   * elements have wandered away from the other end, and at least half of it is free.
   */
  #mayTake({ count, used, capacity }: Chunk, size: number): boolean {
    if (count >= this.#chunkCountMax) return false;
    if (capacity < this.#chunkBytesMax) return used + size <= this.#chunkBytesMax;
    return used + size <= capacity && used * 2 <= capacity;
  }

  /** Whether a chunk is part of the moment, and so must not change. */
  #isKept(chunk: Chunk): boolean {
    return this.#moment !== undefined && chunk.epoch !== this.#epoch;
  }

  /** The chunk at this place, to be changed. */
  #own(at: number): Chunk {
    this.#makeOwn(at);
    return this.chunks.at(at);
  }

  /** Puts a copy in the place of a chunk that must not change; returns how far off places are there. */
  #makeOwn(at: number): number {
    const kept = this.chunks.at(at);
    if (!this.#isKept(kept)) return 0;
    const { chunk, shift } = kept.copy();
    chunk.epoch = this.#epoch;
    this.#bytes += chunk.size - kept.size;
    this.chunks.set(at, chunk);
    this.#moment!.leave(kept);
    return shift;
  }

  #endMoment(): void {
    this.#moment = undefined;
    if (this.#isFreed) this.free();
  }

  #addChunk(at: number, chunk: Chunk): Chunk {
    chunk.epoch = this.#epoch;
    this.chunks.insert(at, chunk);
    this.#bytes += chunk.size;
    return chunk;
  }

  /** Takes a chunk out whose elements have gone. */
  #dropChunk(at: number): void {
    const chunk = this.chunks.at(at);
    this.chunks.remove(at);
    if (this.#isKept(chunk)) {
      this.#bytes -= chunk.size;
      return this.#moment!.leave(chunk);
    }
    chunk.count = 0;
    if (this.#spare === undefined && chunk.capacity === this.#chunkBytesMax) {
      this.#spare = chunk;
    } else {
      this.#bytes -= chunk.size;
      chunk.release();
    }
  }

  /** Moves what stands `offset` bytes or more behind the head of chunk `at` to a chunk behind it. */
  #split(at: number, offset: number): void {
    const chunk = this.chunks.at(at);
    const from = chunk.head + offset;
    if (from === chunk.tail) return;
    const moved = new Chunk(chunk.tail - from);
    const kept = this.#countUpTo(chunk, from);
    this.#addChunk(at + 1, moved).append(chunk.bytes, from, chunk.tail, chunk.count - kept);
    chunk.tail = from;
    chunk.count = kept;
  }

  #countUpTo(chunk: Chunk, to: number): number {
    let count = 0;
    for (let at = chunk.head; at < to; count++) at = skipForward(chunk.bytes, at, 1);
    return count;
  }

  /** Makes one of two neighbours that would fill half a chunk at most. */
  #joinIfSmall(at: number): void {
    const second = this.chunks.at(at + 1);
    let first = this.chunks.at(at);
    const used = first.used + second.used;
    if (used * 2 > this.#chunkBytesMax || first.count + second.count > this.#chunkCountMax) return;
    first = this.#own(at);
    if (first.limit - first.tail < second.used) {
      if (first.capacity >= used) {
        first.shift(false);
      } else {
        this.#bytes -= first.size;
        first.resize(used, false);
        this.#bytes += first.size;
      }
    }
    first.append(second.bytes, second.head, second.tail, second.count);
    this.#dropChunk(at + 1);
  }
}

/** Offsets of the entry at place `index` of a run of `count` entries, from the nearer end. */
export function placeInRun(
  bytes: Buffer,
  head: number,
  tail: number,
  count: number,
  index: number,
): number {
  return index * 2 <= count
    ? skipForward(bytes, head, index)
    : skipBackward(bytes, tail, count - index);
}
