/**
 * Reads a list from any place on in either direction, whichever way it is stored.
 *
 *     cursor.open(db, ref); cursor.seek(10);
 *     while (cursor.next()) use(cursor.bytes, cursor.start, cursor.end);
 *
 * A cursor is valid until the next change of the database.
 */

import type { Database, Ref } from "../../keyspace/database.ts";
import { OBJECT } from "../../keyspace/value.ts";
import type { ChunkRow } from "./chunk_row.ts";
import { type ListDeque, placeInRun } from "./deque.ts";
import { Entry } from "./entry.ts";
import { PACKED_HEADER_BYTES, packedLength } from "./packed.ts";

/** A place in a list: an element, or between two of them. */
export class ListCursor extends Entry {
  /** How many elements the list has. */
  length = 0;
  /** The chunk that the place is in; 0 where the list is packed. */
  chunk = 0;
  /** Where the run under the cursor begins: the first entry of the chunk or of the packed list. */
  head = 0;
  /** Where it ends. */
  tail = 0;
  #chunks: ChunkRow | undefined;

  /** Goes to the beginning of a list. */
  open(db: Database, ref: Ref): this {
    if (db.encoding(ref) === OBJECT) return this.openDeque(db.object(ref) as ListDeque);
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    this.#chunks = undefined;
    this.bytes = bytes;
    this.chunk = 0;
    this.head = valueStart + PACKED_HEADER_BYTES;
    this.tail = valueEnd;
    this.length = packedLength(bytes, valueStart);
    this.standAt(this.head);
    return this;
  }

  /** Goes to the beginning of a long list. */
  openDeque(list: ListDeque): this {
    this.#chunks = list.chunks;
    this.length = list.length;
    this.#enter(0);
    this.standAt(this.head);
    return this;
  }

  /** Goes to the place before element `index`, 0 .. length: `next` steps to it. */
  seek(index: number): void {
    let count = this.length;
    if (this.#chunks !== undefined) {
      const chunks = this.#chunks;
      let at: number;
      if (index * 2 <= count) {
        at = 0;
        while (at < chunks.length - 1 && index >= chunks.at(at).count) {
          index -= chunks.at(at++).count;
        }
      } else {
        at = chunks.length - 1;
        let behind = count - index;
        while (at > 0 && behind > chunks.at(at).count) behind -= chunks.at(at--).count;
        index = chunks.at(at).count - behind;
      }
      this.#enter(at);
      count = chunks.at(at).count;
    }
    this.standAt(placeInRun(this.bytes, this.head, this.tail, count, index));
  }

  /** Goes to the end: `previous` steps to the last element. */
  seekEnd(): void {
    if (this.#chunks !== undefined) this.#enter(this.#chunks.length - 1);
    this.standAt(this.tail);
  }

  /** Steps to the next element; false: there is none. */
  next(): boolean {
    if (this.to === this.tail) {
      if (this.#chunks === undefined || this.chunk === this.#chunks.length - 1) return false;
      this.#enter(this.chunk + 1);
      this.to = this.head;
    }
    this.readAfter(this.to);
    return true;
  }

  /** Steps to the element before; false: there is none. */
  previous(): boolean {
    if (this.from === this.head) {
      if (this.chunk === 0) return false;
      this.#enter(this.chunk - 1);
      this.from = this.tail;
    }
    this.readBefore(this.from);
    return true;
  }

  /** Steps to the first element (`left`) or the last one. */
  toEdge(left: boolean): void {
    if (left) {
      this.next();
    } else {
      this.seekEnd();
      this.previous();
    }
  }

  /** Goes to the beginning of a chunk, or to its end. */
  enter(at: number, atEnd: boolean): void {
    this.#enter(at);
    this.standAt(atEnd ? this.tail : this.head);
  }

  #enter(at: number): void {
    const chunk = this.#chunks!.at(at);
    this.chunk = at;
    this.bytes = chunk.bytes;
    this.head = chunk.head;
    this.tail = chunk.tail;
  }
}
