/**
 * A value as it was at one moment, as a value of the same kind that nobody changes: it shares its
 * parts with the one that goes on, which copies a part before it changes it.
 */

import type { KeptBytes, ValueMoment } from "../../keyspace/value_moment.ts";

/** See above. */
export class FrozenCopy<T> implements ValueMoment {
  /** To be read only. */
  readonly value: T;
  readonly #kept: KeptBytes;
  readonly #onEnd: () => void;
  #left_bytes = 0;

  /** @param kept counts the bytes that are kept. @param onEnd parts need be copied no more. */
  constructor(value: T, kept: KeptBytes, onEnd: () => void) {
    this.value = value;
    this.#kept = kept;
    this.#onEnd = onEnd;
  }

  /** A part of so many bytes is now in memory for the sake of the moment only. */
  noteLeft(size_bytes: number): void {
    this.#left_bytes += size_bytes;
    this.#kept.bytes += size_bytes;
  }

  end(): void {
    this.#kept.bytes -= this.#left_bytes;
    this.#onEnd();
  }

  drain(): boolean {
    this.end();
    return true;
  }
}
