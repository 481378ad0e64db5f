/**
 * The values of one database that are objects, by handle: what the value of a record with encoding
 * OBJECT is. Handles are used again; 0 is none.
 *
 * What all of them take is known of few objects exactly. Of many it is what they took when they were
 * last asked, a thousand with each measurement, and there is one in each round of the server: to ask
 * 300,000 of them takes 100 ms.
 */

import type { ValueObject } from "./value.ts";

/** So many objects are asked by a measurement. */
const ASKED_MAX = 1000;

/** See above. */
export class ObjectSlots {
  #slots: (ValueObject | undefined)[] = [undefined];
  #free: number[] = [];
  #reserved = 0;

  /** What each object took when it was last asked. */
  #sizes: number[] = [0];
  #sum_bytes = 0;
  /** Who is asked next. */
  #cursor = 0;

  /** Asks the next thousand objects again; returns what all take, as far as is known then. */
  measureBytes(): number {
    for (let left = Math.min(ASKED_MAX, this.#slots.length); left > 0; left--) {
      this.#cursor = this.#cursor + 1 < this.#slots.length ? this.#cursor + 1 : 0;
      this.#note(this.#cursor, this.#slots[this.#cursor]?.usedBytes ?? 0);
    }
    return this.#sum_bytes;
  }

  /** How many objects there are. */
  get count(): number {
    return this.#slots.length - 1 - this.#free.length;
  }

  /** The object with this handle. */
  at(handle: number): ValueObject {
    return this.#slots[handle]!;
  }

  /** A handle for the object that {@linkcode ObjectSlots.put} brings next. */
  reserve(): number {
    this.#reserved = this.#free.pop() ?? this.#slots.length;
    return this.#reserved;
  }

  /** Puts an object where {@linkcode ObjectSlots.reserve} has said. */
  put(object: ValueObject): void {
    this.#slots[this.#reserved] = object;
    this.#note(this.#reserved, object.usedBytes);
  }

  /** Takes an object out, so that it lives on elsewhere; its handle is released later. */
  take(handle: number): ValueObject {
    const object = this.#slots[handle]!;
    this.#slots[handle] = undefined;
    this.#note(handle, 0);
    return object;
  }

  /** Frees the object, if it is still there, and its handle. */
  release(handle: number): void {
    this.#slots[handle]?.free();
    this.#slots[handle] = undefined;
    this.#note(handle, 0);
    this.#free.push(handle);
  }

  /** Frees up to `count` objects of slots that are not used any more; false: none was left. */
  dismantle(count: number): boolean {
    if (this.#slots.length === 0) return false;
    for (; count > 0 && this.#slots.length > 0; count--) this.#slots.pop()?.free();
    return true;
  }

  /** Frees all. */
  clear(): void {
    for (const object of this.#slots) object?.free();
    this.#slots = [undefined];
    this.#free = [];
    this.#sizes = [0];
    this.#sum_bytes = 0;
    this.#cursor = 0;
  }

  #note(handle: number, size_bytes: number): void {
    this.#sum_bytes += size_bytes - (this.#sizes[handle] ?? 0);
    this.#sizes[handle] = size_bytes;
  }
}
