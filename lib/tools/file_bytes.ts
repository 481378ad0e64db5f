/** A file read from front to back through a window, for those who want to see bytes by offset. */

import type { DiskFile } from "../platform/disk.ts";

/** The window holds this much, or what is asked for if that is more. */
const WINDOW_BYTES = 1024 * 1024;

/** The bytes of a file that nobody shortens meanwhile. */
export class FileBytes {
  /** Length of the file when it was opened. */
  readonly size_bytes: number;
  readonly #file: DiskFile;
  #window = new Uint8Array(0);
  #start = 0;
  #length = 0;

  /** @param file stays open for as long as this is used, and is closed by its owner. */
  constructor(file: DiskFile) {
    this.#file = file;
    this.size_bytes = file.size();
  }

  /**
   * The bytes from `start` to before `end`, fewer where the file ends; valid until the next call.
   *
   * @throws {DiskError}
   */
  view(start: number, end: number): Uint8Array {
    const to = Math.min(end, this.size_bytes);
    if (start < this.#start || to > this.#start + this.#length) this.#load(start, to);
    const known = Math.min(to, this.#start + this.#length);
    return this.#window.subarray(start - this.#start, Math.max(start, known) - this.#start);
  }

  /**
   * The same without moving the window, for a look back; the bytes are the caller's own.
   *
   * @throws {DiskError}
   */
  peek(start: number, end: number): Uint8Array {
    const own = new Uint8Array(Math.max(0, Math.min(end, this.size_bytes) - start));
    this.#file.seek(start);
    let length = 0;
    while (length < own.length) {
      const count = this.#file.read(own.subarray(length));
      if (count === null || count === 0) break;
      length += count;
    }
    return own.subarray(0, length);
  }

  #load(start: number, end: number): void {
    const size = Math.max(WINDOW_BYTES, end - start);
    const kept = this.#keep(start, Math.min(size, Math.max(0, this.size_bytes - start)));
    this.#start = start;
    this.#length = kept;
    this.#file.seek(start + kept);
    while (this.#length < this.#window.length) {
      const count = this.#file.read(this.#window.subarray(this.#length));
      if (count === null || count === 0) break;
      this.#length += count;
    }
  }

  /** A window of `size` bytes that begins at `start`, with what is known of it; returns how much. */
  #keep(start: number, size: number): number {
    const from = start - this.#start;
    const kept = from >= 0 && from < this.#length ? Math.min(this.#length - from, size) : 0;
    const old = this.#window;
    if (old.length < size) this.#window = new Uint8Array(size);
    if (kept > 0) this.#window.set(old.subarray(from, from + kept));
    return kept;
  }
}
