/**
 * A value as it was at one moment, as a value of the same kind that nobody changes: it shares its
 * parts with the one that goes on, which copies a part before it changes it.
 */

import type { ValueMoment } from "../../keyspace/value_moment.ts";
import { type KeptBytes, KeptShare } from "../../memory/kept_bytes.ts";

/** See above. */
export class FrozenCopy<T> implements ValueMoment {
  /** To be read only. */
  readonly value: T;
  readonly #left: KeptShare;
  readonly #onEnd: () => void;

  /** @param kept counts the bytes that are kept. @param onEnd parts need be copied no more. */
  constructor(value: T, kept: KeptBytes, onEnd: () => void) {
    this.value = value;
    this.#left = new KeptShare(kept);
    this.#onEnd = onEnd;
  }

  /** A part of so many bytes is now in memory for the sake of the moment only. */
  noteLeft(size_bytes: number): void {
    this.#left.add(size_bytes);
  }

  end(): void {
    this.#left.end();
    this.#onEnd();
  }

  drain(): boolean {
    this.end();
    return true;
  }
}
