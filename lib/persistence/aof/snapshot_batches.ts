/** The commands that make one collection, each of a limited number of elements. */

import type { CommandEncoder } from "../../resp/encoder.ts";

/** Elements of one command (AOF_REWRITE_ITEMS_PER_CMD). */
const ELEMENTS_MAX = 64;

/** Begins a command where the one before has its elements. */
export class CommandBatches {
  readonly #encoder: CommandEncoder;
  readonly #name: string;
  readonly #key: Uint8Array;
  readonly #parts: number;
  #left: number;
  /** How many elements the command under way still needs. */
  #open = 0;

  /** @param size elements in all, @param parts arguments of an element. */
  constructor(
    encoder: CommandEncoder,
    name: string,
    key: Uint8Array,
    size: number,
    parts: number,
  ) {
    this.#encoder = encoder;
    this.#name = name;
    this.#key = key;
    this.#left = size;
    this.#parts = parts;
  }

  /** Whether no command is under way. */
  get isBetween(): boolean {
    return this.#open === 0;
  }

  /** To be called before the arguments of each element. */
  next(): void {
    if (this.#open === 0) {
      if (this.#left === 0) throw new Error("snapshot: more elements than announced");
      this.#open = Math.min(this.#left, ELEMENTS_MAX);
      this.#left -= this.#open;
      this.#encoder.begin(2 + this.#parts * this.#open);
      this.#encoder.text(this.#name);
      this.#encoder.bulk(this.#key, 0, this.#key.length);
    }
    this.#open--;
  }

  /** To be called behind the last element: an unfinished command would swallow the next one. */
  end(): void {
    if (this.#open + this.#left > 0) throw new Error("snapshot: fewer elements than announced");
  }
}
