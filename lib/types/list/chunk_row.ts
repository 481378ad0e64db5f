/**
 * The chunks of a list in order, added and taken away at either end in O(1): an array with room
 * before its first chunk (`unshift` of an array moves all others).
 */

import type { Chunk } from "./chunk.ts";

const ROOM_MIN = 4;

/** See above. */
export class ChunkRow implements Iterable<Chunk> {
  /** The chunks are `#places[#first ..]`; what is before them is room. */
  #places: (Chunk | undefined)[] = [];
  #first = 0;

  /** How many there are. */
  get length(): number {
    return this.#places.length - this.#first;
  }

  /** Chunk number `at`, which is there. */
  at(at: number): Chunk {
    return this.#places[this.#first + at]!;
  }

  /** The first (`left`) or the last one; undefined: there is none. */
  edge(left: boolean): Chunk | undefined {
    return this.#places[left ? this.#first : this.#places.length - 1];
  }

  /** Puts a chunk in the place of another. */
  set(at: number, chunk: Chunk): void {
    this.#places[this.#first + at] = chunk;
  }

  /** Adds a chunk before number `at`; at the end, if that is the length. */
  insert(at: number, chunk: Chunk): void {
    if (at === this.length) {
      this.#places.push(chunk);
    } else if (at === 0) {
      if (this.#first === 0) this.#moveTo(Math.max(ROOM_MIN, this.length >>> 1));
      this.#places[--this.#first] = chunk;
    } else {
      this.#places.splice(this.#first + at, 0, chunk);
    }
  }

  /** Takes chunk number `at` out. */
  remove(at: number): void {
    if (at === this.length - 1) {
      this.#places.pop();
    } else if (at === 0) {
      this.#places[this.#first++] = undefined;
      if (this.#first > 2 * this.length + ROOM_MIN) this.#moveTo(0);
    } else {
      this.#places.splice(this.#first + at, 1);
    }
  }

  /** All of them, as they are now. */
  slice(): Chunk[] {
    return this.#places.slice(this.#first) as Chunk[];
  }

  /** Forgets all. */
  clear(): void {
    this.#places = [];
    this.#first = 0;
  }

  *[Symbol.iterator](): Iterator<Chunk> {
    for (let at = 0; at < this.length; at++) yield this.at(at);
  }

  /** Makes the room before the first one so large. */
  #moveTo(room: number): void {
    const before = new Array<Chunk | undefined>(room).fill(undefined);
    this.#places = before.concat(this.#places.slice(this.#first));
    this.#first = room;
  }
}
