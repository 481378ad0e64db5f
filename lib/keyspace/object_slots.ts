/**
 * The values of one database that are objects, by handle: what the value of a record with encoding
 * OBJECT is. Handles are used again; 0 is none.
 */

import type { ValueObject } from "./value.ts";

/** See above. */
export class ObjectSlots {
  #slots: (ValueObject | undefined)[] = [undefined];
  #free: number[] = [];
  #reserved = 0;

  /** Bytes that the objects take. */
  get usedBytes(): number {
    let sum = 0;
    for (const object of this.#slots) sum += object?.usedBytes ?? 0;
    return sum;
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
  }

  /** Takes an object out, so that it lives on elsewhere; its handle is released later. */
  take(handle: number): ValueObject {
    const object = this.#slots[handle]!;
    this.#slots[handle] = undefined;
    return object;
  }

  /** Frees the object, if it is still there, and its handle. */
  release(handle: number): void {
    this.#slots[handle]?.free();
    this.#slots[handle] = undefined;
    this.#free.push(handle);
  }

  /** Frees all. */
  clear(): void {
    for (const object of this.#slots) object?.free();
    this.#slots = [undefined];
    this.#free = [];
  }
}
