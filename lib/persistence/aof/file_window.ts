/**
 * Bytes of a file by their offsets, through a window of 1 MiB that moves with whoever reads.
 * Promise: a file of any length takes no more memory than that.
 */

import type { DiskFile } from "../../platform/disk.ts";
import { readAt } from "./file_end.ts";

/** So much of the file is in memory at once. */
export const WINDOW_BYTES = 1024 * 1024;

/** The bytes of a file that nobody shortens, and nobody else reads with this handle, meanwhile. */
export class FileWindow {
  /** Length of the file when it was opened. */
  readonly size_bytes: number;
  /** What is in the window: `length` bytes of the file, from the offset `start` on. */
  bytes: Uint8Array = new Uint8Array(0);
  /** See `bytes`. */
  start = 0;
  /** See `bytes`. */
  length = 0;
  readonly #file: DiskFile;

  /** @param file stays open for as long as this is used, and is closed by its owner. */
  constructor(file: DiskFile) {
    this.#file = file;
    this.size_bytes = file.size();
  }

  /**
   * Sees to it that the bytes from `offset` on are in the window, `length` of them or as many as
   * the file has.
   *
   * @param length up to {@linkcode WINDOW_BYTES}
   * @returns the index in `bytes` of the first of them
   * @throws {DiskError}
   */
  hold(offset: number, length: number): number {
    const wanted = Math.min(length, this.size_bytes - offset);
    const from = offset - this.start;
    if (from >= 0 && from + wanted <= this.length) return from;
    if (length > WINDOW_BYTES) throw new RangeError(`a window of ${length} bytes`);
    this.#moveTo(offset);
    this.#fill(wanted);
    return 0;
  }

  /**
   * The bytes from `start` to before `end`, fewer where the file ends; valid until the next call.
   *
   * @throws {DiskError}
   */
  view(start: number, end: number): Uint8Array {
    const from = this.hold(start, end - start);
    return this.bytes.subarray(from, Math.min(from + end - start, this.length));
  }

  /**
   * The same without moving the window, for a look back; the bytes are the caller's own.
   *
   * @throws {DiskError}
   */
  peek(start: number, end: number): Uint8Array {
    const to = Math.min(end, this.size_bytes);
    const from = start - this.start;
    const isHeld = from >= 0 && to <= this.start + this.length;
    if (isHeld) return this.bytes.slice(from, to - this.start);
    return readAt(this.#file, start, Math.max(0, to - start));
  }

  /** Moves the window, and keeps what is known of its new place. */
  #moveTo(offset: number): void {
    if (this.bytes.length === 0) {
      this.bytes = new Uint8Array(Math.min(WINDOW_BYTES, this.size_bytes));
    }
    const from = offset - this.start;
    const isKnown = from >= 0 && from < this.length;
    if (isKnown) this.bytes.copyWithin(0, from, this.length);
    this.start = offset;
    this.length = isKnown ? this.length - from : 0;
  }

  /** Reads until so many bytes are in the window, and what comes with them. */
  #fill(wanted: number): void {
    this.#file.seek(this.start + this.length);
    while (this.length < wanted) {
      const count = this.#file.read(this.bytes.subarray(this.length));
      if (count === null || count === 0) return;
      this.length += count;
    }
  }
}
