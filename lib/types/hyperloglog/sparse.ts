/**
 * Sparse registers: runs of equal ones, each an opcode of one byte or two.
 *
 *     ZERO    00llllll             1 to 64 registers of 0
 *     XZERO   01llllll llllllll    1 to 16,384 registers of 0
 *     VAL     1vvvvvll             1 to 4 registers of a value from 1 to 32
 *
 * Promise: the same elements in the same order give the same bytes as in Redis - which means
 * splitting a run as it does, and joining neighbours exactly as far as it does.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { HEADER_BYTES, REGISTERS } from "./layout.ts";

const VAL = 0x80;
const XZERO = 0x40;
const ZERO_LENGTH_MAX = 64;
const VAL_LENGTH_MAX = 4;
/** The largest value of a register that a VAL can hold. */
export const SPARSE_VALUE_MAX = 32;
/** So many opcodes are looked at for neighbours to join, from the one before the change on. */
const JOIN_OPCODES = 5;
/** An opcode can turn into three, of five bytes in all. */
const PIECES_BYTES_MAX = 5;

/** Length of the run that begins at `at`. */
export function runLength(bytes: Uint8Array, at: number, end: number): number {
  const opcode = bytes[at];
  if ((opcode & VAL) !== 0) return (opcode & 3) + 1;
  if ((opcode & XZERO) === 0) return (opcode & 0x3f) + 1;
  const low = at + 1 < end ? bytes[at + 1] : 0; // cut off: as if a zero followed
  return (((opcode & 0x3f) << 8) | low) + 1;
}

/** Value of the registers in the run at `at`: 0, or 1 to 32. */
export function runValue(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at];
  return (opcode & VAL) === 0 ? 0 : ((opcode >>> 2) & 0x1f) + 1;
}

/** Whether the run at `at` takes two bytes. */
export function isLongRun(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] & (VAL | XZERO)) === XZERO;
}

function opcodeBytes(bytes: Uint8Array, at: number): number {
  return isLongRun(bytes, at) ? 2 : 1;
}

/**
 * Calls `visit` with each run of `bytes[start .. end)`. Returns whether they are 16,384 registers in
 * all; if not, what was visited may be more than that.
 */
export function sparseForEachRun(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (value: number, first: number, length: number) => void,
): boolean {
  let first = 0;
  for (let at = start; at < end; at += opcodeBytes(bytes, at)) {
    const length = runLength(bytes, at, end);
    if (first + length > REGISTERS) return false;
    visit(runValue(bytes, at), first, length);
    first += length;
  }
  return first === REGISTERS;
}

/** What became of {@linkcode SparseEditor.raise}. */
export type Raised = "changed" | "unchanged" | "too large" | "corrupt";

/** A sparse HyperLogLog, header included, that registers can be raised in. */
export class SparseEditor {
  /** Its bytes are `bytes[0 .. length)`. */
  bytes: Buffer = newBytes(4096);
  length = 0;

  /** Offsets of the run that holds the register, and of the one before it (or the same). */
  #at = 0;
  #before = 0;
  /** Index of the run's first register, and of that of the one before. */
  #first = 0;
  #firstBefore = 0;
  /** Where a search may begin, at a run whose first register is number `#firstKnown`. */
  #known = HEADER_BYTES;
  #firstKnown = 0;
  readonly #pieces = new Uint8Array(PIECES_BYTES_MAX);

  /** Begins with a copy of `from[start .. end)`. */
  load(from: Uint8Array, start: number, end: number): void {
    this.length = end - start;
    if (this.length + PIECES_BYTES_MAX > this.bytes.length) this.#grow();
    copyBytes(from, start, end, this.bytes, 0);
    this.#known = HEADER_BYTES;
    this.#firstKnown = 0;
  }

  /** Raises a register, unless it needs more bytes than `bytes_max` in all or is past 32. */
  raise(index: number, value: number, bytes_max: number): Raised {
    if (value > SPARSE_VALUE_MAX) return "too large";
    if (!this.#findFromKnown(index)) return "corrupt";
    this.#known = this.#before;
    this.#firstKnown = this.#firstBefore;
    if (runValue(this.bytes, this.#at) >= value) return "unchanged";
    const pieces = this.#split(index, value);
    const old = opcodeBytes(this.bytes, this.#at);
    const added = pieces - old;
    if (added > 0 && this.length + added > bytes_max) return "too large";
    if (this.length + added > this.bytes.length) this.#grow();
    const behind = this.#at + old;
    if (added !== 0) this.bytes.copyWithin(behind + added, behind, this.length);
    copyBytes(this.#pieces, 0, pieces, this.bytes, this.#at);
    this.length += added;
    this.#join();
    return "changed";
  }

  /** Whether raising a register of `bytes[start .. end)` would change it; true if it is corrupt. */
  wouldChange(
    bytes: Uint8Array,
    start: number,
    end: number,
    index: number,
    value: number,
  ): boolean {
    return !this.#find(bytes, start + HEADER_BYTES, end, index, 0) ||
      runValue(bytes, this.#at) < value;
  }

  /** Finds the run that holds a register: from the last one found on, as PFMERGE asks for them. */
  #findFromKnown(index: number): boolean {
    if (this.#known > HEADER_BYTES && index >= this.#firstKnown) {
      const found = this.#find(this.bytes, this.#known, this.length, index, this.#firstKnown);
      if (found && this.#at > this.#known) return true; // else the run before it is not known
    }
    return this.#find(this.bytes, HEADER_BYTES, this.length, index, 0);
  }

  /** Finds the run that holds a register, from the run at `start` on. */
  #find(
    bytes: Uint8Array,
    start: number,
    end: number,
    index: number,
    first: number,
  ): boolean {
    let at = start;
    let before = start;
    let firstBefore = first;
    while (at < end) {
      const opcode = bytes[at];
      const isLong = (opcode & (VAL | XZERO)) === XZERO;
      const length = isLong
        ? runLength(bytes, at, end)
        : (opcode & VAL) !== 0
        ? (opcode & 3) + 1
        : opcode + 1;
      if (index < first + length) {
        this.#at = at;
        this.#before = before;
        this.#first = first;
        this.#firstBefore = firstBefore;
        return true;
      }
      firstBefore = first;
      first += length;
      before = at;
      at += isLong ? 2 : 1;
    }
    return false;
  }

  /** What is to take the place of the run found: up to three runs. Returns their bytes. */
  #split(index: number, value: number): number {
    const { bytes } = this;
    const length = runLength(bytes, this.#at, this.length);
    const old = runValue(bytes, this.#at);
    const left = index - this.#first;
    const right = length - left - 1;
    let at = this.#put(0, old, left);
    at = this.#put(at, value, 1);
    return this.#put(at, old, right);
  }

  /** Writes a run of `length`, which may be 0, to the pieces. */
  #put(at: number, value: number, length: number): number {
    if (length === 0) return at;
    if (value > 0) {
      this.#pieces[at++] = VAL | ((value - 1) << 2) | (length - 1);
    } else if (length <= ZERO_LENGTH_MAX) {
      this.#pieces[at++] = length - 1;
    } else {
      this.#pieces[at++] = XZERO | ((length - 1) >>> 8);
      this.#pieces[at++] = (length - 1) & 0xff;
    }
    return at;
  }

  /** Joins neighbours of the same value, in the reach in which Redis does. */
  #join(): void {
    const { bytes } = this;
    let at = this.#before;
    for (let looked = 0; looked < JOIN_OPCODES && at < this.length; looked++) {
      const value = runValue(bytes, at);
      const next = at + 1;
      if (value > 0 && next < this.length && runValue(bytes, next) === value) {
        const length = runLength(bytes, at, this.length) + runLength(bytes, next, this.length);
        if (length <= VAL_LENGTH_MAX) {
          bytes[at] = VAL | ((value - 1) << 2) | (length - 1);
          bytes.copyWithin(next, next + 1, this.length);
          this.length--;
          continue; // the joined run may fit the next one, too
        }
      }
      at += opcodeBytes(bytes, at);
    }
  }

  #grow(): void {
    const grown = newBytes((this.length + PIECES_BYTES_MAX) * 2);
    copyBytes(this.bytes, 0, Math.min(this.length, this.bytes.length), grown, 0);
    this.bytes = grown;
  }
}
