/** Counting what is in memory for the sake of a snapshot only. */

/** How much is in memory only because values have changed since their moments. */
export class KeptBytes {
  /** Bytes, about. */
  bytes = 0;
}

/** One keeper's part of that, given up as a whole. */
export class KeptShare {
  readonly #all: KeptBytes;
  #bytes = 0;

  /** @param all what it is a part of. */
  constructor(all: KeptBytes) {
    this.#all = all;
  }

  /** So many bytes more are kept. */
  add(size_bytes: number): void {
    this.#bytes += size_bytes;
    this.#all.bytes += size_bytes;
  }

  /** Nothing is kept any more. */
  end(): void {
    this.#all.bytes -= this.#bytes;
    this.#bytes = 0;
  }
}
