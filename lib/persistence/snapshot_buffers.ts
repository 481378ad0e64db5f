/**
 * Where the bytes of a snapshot gather until they are taken: in one buffer, and, while a large value
 * is under way there, what comes besides in another, which follows behind that value's end.
 */

import type { Buffer } from "node:buffer";

/** A buffer that encoded records are written into. */
export interface Gathering {
  /** What was written is `buf[0 .. length)`. */
  readonly buf: Buffer;
  readonly length: number;
  /** Forgets what was written; `buf` may still be read. */
  clear(): void;
  /** Adds bytes as they are. */
  raw(bytes: Uint8Array, start: number, end: number): void;
}

/** See above. */
export class SnapshotBuffers<T extends Gathering> {
  #front: T;
  #aside: T;
  #isOpen = false;

  /** @param front and @param aside are empty. */
  constructor(front: T, aside: T) {
    this.#front = front;
    this.#aside = aside;
  }

  /** Whether a large value is under way. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Where whole records go now. */
  get current(): T {
    return this.#isOpen ? this.#aside : this.#front;
  }

  /** Bytes that can be taken. */
  get pending_bytes(): number {
    return this.#front.length;
  }

  /** A large value begins: where it goes. */
  open(): T {
    if (this.#isOpen) throw new Error("snapshot: one large value at a time");
    this.#isOpen = true;
    return this.#front;
  }

  /** The large value has ended: what has gathered besides follows. */
  close(): void {
    this.#isOpen = false;
    if (this.#front.length === 0) {
      [this.#front, this.#aside] = [this.#aside, this.#front];
    } else {
      this.#front.raw(this.#aside.buf, 0, this.#aside.length);
      this.#aside.clear();
    }
  }

  /** Takes what can be taken; valid until something is written. */
  take(): Uint8Array {
    const front = this.#front;
    // No Buffer: one's slice() would be no copy.
    const taken = new Uint8Array(front.buf.buffer, front.buf.byteOffset, front.length);
    front.clear();
    return taken;
  }
}
