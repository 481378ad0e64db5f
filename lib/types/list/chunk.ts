/**
 * A chunk of a long list: a run of entries in a buffer, with room before and behind it.
 *
 *     |   room   | entry | entry | ... | entry |   room   |
 *                head                          tail
 */

import { Buffer } from "node:buffer";
import { entryBytes, skipBackward, skipForward, writeEntry } from "./entry.ts";

/** Some elements of a list, see above. */
export class Chunk {
  bytes: Buffer;
  /** Where the first entry begins. */
  head = 0;
  /** Where the last entry ends. */
  tail = 0;
  /** How many entries there are. */
  count = 0;

  /** An empty chunk of `capacity` bytes. */
  constructor(capacity: number) {
    this.bytes = Buffer.from(new ArrayBuffer(capacity));
  }

  get capacity(): number {
    return this.bytes.length;
  }

  /** Bytes that its entries take. */
  get used(): number {
    return this.tail - this.head;
  }

  /** Makes all the room one: before the entries (`left`) or behind them. */
  shift(left: boolean): void {
    const head = left ? this.capacity - this.used : 0;
    this.bytes.copyWithin(head, this.head, this.tail);
    this.tail = head + this.used;
    this.head = head;
  }

  /** Moves to a buffer of `capacity` bytes with all the room before (`left`) or behind. */
  resize(capacity: number, left: boolean): void {
    const old = this.bytes;
    const head = left ? capacity - this.used : 0;
    this.bytes = Buffer.from(new ArrayBuffer(capacity));
    old.copy(this.bytes, head, this.head, this.tail);
    this.tail = head + this.used;
    this.head = head;
    releaseBytes(old);
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
    if (this.capacity - this.tail >= size) {
      this.bytes.copyWithin(this.head + offset + size, this.head + offset, this.tail);
      this.tail += size;
    } else if (this.head >= size) {
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

  /** Gives the memory back now rather than at the next garbage collection. */
  release(): void {
    releaseBytes(this.bytes);
  }
}

function releaseBytes(bytes: Buffer): void {
  (bytes.buffer as ArrayBuffer).transfer(0);
}
