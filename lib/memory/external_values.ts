/** Keys and values of records too large for a slot: each in a buffer of its own, by handle. */

import { newBytes } from "./bytes.ts";
import { type External, giveBack } from "./held_value.ts";

export type { External };

/** Spare room given to a growing value, as Redis does: double, by at most 1 MiB. */
export const EXTERNAL_SPARE_BYTES_MAX = 1 << 20;

/** The large records of one table. */
export class ExternalValues {
  /** Bytes of all buffers. */
  usedBytes = 0;
  readonly #values: (External | undefined)[] = [];
  readonly #free: number[] = [];

  /** Takes a buffer, zeroed, with `spare` bytes to grow into; returns its handle. */
  create(keyLength: number, valueLength: number, spare: number): number {
    const bytes = newBytes(keyLength + valueLength + spare);
    const handle = this.#free.pop() ?? this.#values.length;
    this.#values[handle] = { bytes, keyLength, valueLength };
    this.usedBytes += bytes.length;
    return handle;
  }

  /** Takes a copy of all values of another table, under the same handles. */
  copyFrom(other: ExternalValues): void {
    for (const external of other.#values) {
      const bytes = newBytes(external?.bytes.length ?? 0);
      if (external !== undefined) bytes.set(external.bytes);
      this.#values.push(external && { ...external, bytes, held: undefined });
    }
    for (const handle of other.#free) this.#free.push(handle);
    this.usedBytes = other.usedBytes;
  }

  /** What a handle stands for. */
  at(handle: number): External {
    return this.#values[handle]!;
  }

  /** Makes a value longer; what is added is zero. */
  grow(external: External, length: number): void {
    const size = external.keyLength + length;
    if (size > external.bytes.length) {
      const spare = Math.min(size, EXTERNAL_SPARE_BYTES_MAX);
      const grown = newBytes(size + spare);
      grown.set(external.bytes);
      this.usedBytes += grown.length - external.bytes.length;
      leave(external);
      external.bytes = grown;
    }
    external.bytes.fill(0, external.keyLength + external.valueLength, size);
    external.valueLength = length;
  }

  /** The bytes are about to change anywhere: who keeps the buffer gets it, and a copy goes on. */
  detach(external: External): void {
    if (external.held === undefined) return;
    const copy = newBytes(external.bytes.length);
    copy.set(external.bytes);
    leave(external);
    external.bytes = copy;
  }

  /** Gives a buffer back. */
  release(handle: number): void {
    const external = this.at(handle);
    this.usedBytes -= external.bytes.length;
    this.#values[handle] = undefined;
    this.#free.push(handle);
    leave(external);
  }

  /** Gives back up to `count` buffers, the last ones made; false: none was left. */
  dismantle(count: number): boolean {
    if (this.#values.length === 0) return false;
    for (; count > 0 && this.#values.length > 0; count--) {
      const last = this.#values.pop();
      if (last !== undefined) leave(last);
    }
    return true;
  }

  /** Gives all of them back. */
  clear(): void {
    for (const external of this.#values) {
      if (external !== undefined) leave(external);
    }
    this.#values.length = this.#free.length = 0;
    this.usedBytes = 0;
  }
}

/** A buffer is of no use to its record any more: it is given back, or to who keeps it. */
function leave(external: External): void {
  if (external.held !== undefined) external.held.takeOver();
  else giveBack(external.bytes);
}
