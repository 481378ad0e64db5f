/**
 * A large record whose bytes somebody keeps as they are now, while the table goes on with it: the
 * value may be replaced, removed, made longer, or overwritten in place.
 *
 *     const held = table.hold(ref, counted);     O(1)
 *     for (...) write(held.block(at, end));      64 KiB at a time, as they were
 *     held.end();
 *
 * What the table has done with is taken over. Who overwrites bytes in place says so before
 * (`Records.overwriting`), and the blocks concerned are copied.
 */

import { Buffer } from "node:buffer";
import { type KeptBytes, KeptShare } from "./kept_bytes.ts";

/** Bytes of a value are kept in blocks of this size. */
export const BLOCK_BYTES: number = 64 * 1024;

/** Key and value of a large record, one behind the other at the beginning of a buffer. */
export interface External {
  bytes: Buffer;
  readonly keyLength: number;
  valueLength: number;
  /** Who keeps `bytes` as they were. */
  held?: HeldValue;
}

/** A run of bytes: `bytes[start .. end)`. */
export interface HeldBlock {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** See above. One at a time for each record. */
export class HeldValue {
  /** The key is `bytes[0 .. valueStart)`. */
  readonly bytes: Buffer;
  /** The value, but for blocks that were overwritten, is `bytes[valueStart .. valueEnd)`. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Blocks as they were before they were overwritten, by number. */
  readonly #saved = new Map<number, Buffer>();
  /** The record; undefined: it uses these bytes no more. */
  #external: External | undefined;
  readonly #counted: KeptShare;
  #isEnded = false;

  /** Use `Records.hold`. */
  constructor(external: External, counted: KeptBytes) {
    if (external.held !== undefined) throw new Error("a value is held twice");
    this.#counted = new KeptShare(counted);
    this.#external = external;
    this.bytes = external.bytes;
    this.valueStart = external.keyLength;
    this.valueEnd = external.keyLength + external.valueLength;
    external.held = this;
  }

  /** The part `bytes[at .. end)` of the value, which begins with a block and is no longer than one. */
  block(at: number, end: number): HeldBlock {
    const number = (at - this.valueStart) / BLOCK_BYTES;
    if (!Number.isInteger(number) || end - at > BLOCK_BYTES) throw new Error("held: no block");
    const saved = this.#saved.get(number);
    return saved === undefined
      ? { bytes: this.bytes, start: at, end }
      : { bytes: saved, start: 0, end: end - at };
  }

  /** The bytes `from .. to` of the value are about to be overwritten. */
  save(from: number, to: number): void {
    const end = Math.min(to, this.valueEnd - this.valueStart);
    if (from >= end) return;
    for (let at = from - from % BLOCK_BYTES; at < end; at += BLOCK_BYTES) {
      const number = at / BLOCK_BYTES;
      if (this.#saved.has(number)) continue;
      const start = this.valueStart + at;
      const stop = Math.min(start + BLOCK_BYTES, this.valueEnd);
      this.#saved.set(number, Buffer.from(this.bytes.subarray(start, stop)));
      this.#counted.add(stop - start);
    }
  }

  /** The record has done with the buffer. */
  takeOver(): void {
    this.#external!.held = undefined;
    this.#external = undefined;
    this.#counted.add(this.bytes.length);
  }

  /** Nobody keeps it any more. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#saved.clear();
    this.#counted.end();
    if (this.#external !== undefined) this.#external.held = undefined;
    else giveBack(this.bytes);
  }

  /** Gives up. True: that is all there is to do. */
  drain(): boolean {
    this.end();
    return true;
  }
}

/** Returns a buffer's memory now rather than at the next garbage collection. */
export function giveBack(buffer: Buffer): void {
  (buffer.buffer as ArrayBuffer).transfer(0);
}
