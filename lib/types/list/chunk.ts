/**
 * A chunk of a long list: a run of entries with room before and behind it.
 *
 *     |   room   | entry | entry | ... | entry |   room   |
 *     base       head                          tail       limit
 *
 * Chunks stand in an arena that all lists share, so that a list which goes gives its memory back to
 * the system at once, whatever came after it; only one that is too large for a slot of the arena has
 * a buffer of its own.
 */

import type { Buffer } from "node:buffer";
import { Arena, SLOT_BYTES_MAX } from "../../memory/arena.ts";
import { newBytes } from "../../memory/bytes.ts";
import { OFFSET_BITS, OFFSET_MASK } from "../../memory/record_layout.ts";
import { entryBytes, skipBackward, skipForward, writeEntry } from "./entry.ts";

const arena = new Arena();
/** A slot begins with a word that is not 0, as the arena asks of whoever lives in it. */
const HEADER_BYTES = 4;
const ALIVE = 1;
const NO_SLOT = 0;

/** Capacity of a chunk whose slot has `bytes` bytes. */
export function chunkCapacity(bytes: number): number {
  return bytes - HEADER_BYTES;
}

/** Some elements of a list, see above. */
export class Chunk {
  /** The memory that it stands in, among others. */
  bytes: Buffer;
  /** Where it begins. */
  base = 0;
  /** Where it ends. */
  limit = 0;
  /** Where the first entry begins. */
  head: number;
  /** Where the last entry ends. */
  tail: number;
  /** How many entries there are. */
  count = 0;
  /** The list's own: tells whether it was there at the last moment. */
  epoch = 0;
  #address = NO_SLOT;

  /** An empty chunk of `capacity` bytes or a little more, with all the room behind. */
  constructor(capacity: number) {
    this.bytes = this.#take(capacity);
    this.head = this.tail = this.base;
  }

  /** Bytes for entries. */
  get capacity(): number {
    return this.limit - this.base;
  }

  /** Bytes of memory. */
  get size(): number {
    return this.capacity + HEADER_BYTES;
  }

  /** Bytes that its entries take. */
  get used(): number {
    return this.tail - this.head;
  }

  /** Makes all the room one: before the entries (`left`) or behind them. */
  shift(left: boolean): void {
    const head = left ? this.limit - this.used : this.base;
    this.bytes.copyWithin(head, this.head, this.tail);
    this.tail = head + this.used;
    this.head = head;
  }

  /** Moves to where `capacity` bytes are, with all the room before (`left`) or behind. */
  resize(capacity: number, left: boolean): void {
    const { bytes, head: from, tail: to } = this;
    const oldAddress = this.#address;
    this.bytes = this.#take(capacity);
    this.head = left ? this.limit - (to - from) : this.base;
    this.tail = this.head + to - from;
    bytes.copy(this.bytes, this.head, from, to);
    giveBack(oldAddress, bytes);
  }

  /** Adds an entry at one end, where there is room. */
  push(left: boolean, buf: Uint8Array, start: number, end: number): void {
    this.count++;
    if (left) {
      this.head -= entryBytes(end - start);
      writeEntry(this.bytes, this.head, buf, start, end);
    } else {
      this.tail = writeEntry(this.bytes, this.tail, buf, start, end);
    }
  }

  /** Takes `count` entries out at one end; there are more. */
  drop(left: boolean, count: number): void {
    this.count -= count;
    if (left) this.head = skipForward(this.bytes, this.head, count);
    else this.tail = skipBackward(this.bytes, this.tail, count);
  }

  /** Adds an entry `offset` bytes behind the head, if there is room on either side. */
  insert(offset: number, buf: Uint8Array, start: number, end: number): boolean {
    const size = entryBytes(end - start);
    if (this.limit - this.tail >= size) {
      this.bytes.copyWithin(this.head + offset + size, this.head + offset, this.tail);
      this.tail += size;
    } else if (this.head - this.base >= size) {
      this.bytes.copyWithin(this.head - size, this.head, this.head + offset);
      this.head -= size;
    } else {
      return false;
    }
    writeEntry(this.bytes, this.head + offset, buf, start, end);
    this.count++;
    return true;
  }

  /** Takes out the entry `bytes[from .. to)`. */
  remove(from: number, to: number): void {
    this.bytes.copyWithin(from, to, this.tail);
    this.tail -= to - from;
    this.count--;
  }

  /** Adds the entries of a run at the end, where there is room. */
  append(bytes: Buffer, from: number, to: number, count: number): void {
    bytes.copy(this.bytes, this.tail, from, to);
    this.tail += to - from;
    this.count += count;
  }

  /** A copy with the same room before and behind; places in it are `shift` bytes from those here. */
  copy(): { readonly chunk: Chunk; readonly shift: number } {
    const chunk = new Chunk(this.capacity);
    const shift = chunk.base - this.base;
    this.bytes.copy(chunk.bytes, this.head + shift, this.head, this.tail);
    chunk.head = this.head + shift;
    chunk.tail = this.tail + shift;
    chunk.count = this.count;
    return { chunk, shift };
  }

  /** Gives the memory back; the chunk is not used any more. */
  release(): void {
    giveBack(this.#address, this.bytes);
    this.#address = NO_SLOT;
  }

  /** Takes memory and says where it is. */
  #take(capacity: number): Buffer {
    if (capacity + HEADER_BYTES > SLOT_BYTES_MAX) {
      this.#address = NO_SLOT;
      this.base = 0;
      this.limit = capacity;
      return newBytes(capacity);
    }
    const address = this.#address = arena.allocate(capacity + HEADER_BYTES);
    const segment = address >>> OFFSET_BITS;
    const unit = address & OFFSET_MASK;
    arena.words[segment][unit * 2] = ALIVE;
    this.base = unit * 8 + HEADER_BYTES;
    this.limit = unit * 8 + arena.slotBytes(address);
    return arena.bytes[segment];
  }
}

/** Chunks of long lists that have gone; the last ones are released first. */
const dying: Chunk[][] = [];

/**
 * Takes over the chunks of a list that has gone, to be released bit by bit: giving hundreds of
 * megabytes back to the system at once would hold up everybody.
 */
export function releaseLater(chunks: Chunk[]): void {
  dying.push(chunks);
}

/** Releases up to `count_max` chunks of lists that have gone. Returns how many. */
export function releaseSome(count_max: number): number {
  let count = 0;
  while (count < count_max && dying.length > 0) {
    const chunk = dying[dying.length - 1].pop();
    if (chunk === undefined) {
      dying.pop();
    } else {
      chunk.release();
      count++;
    }
  }
  return count;
}

function giveBack(address: number, bytes: Buffer): void {
  if (address !== NO_SLOT) arena.free(address);
  else (bytes.buffer as ArrayBuffer).transfer(0); // now rather than at the next collection
}
