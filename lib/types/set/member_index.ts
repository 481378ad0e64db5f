/**
 * Finds members of a packed set in constant time, for as long as one command asks for many: reading
 * the run through for each would be slower than a table from some eight members on.
 *
 * It holds offsets only; the run stays where it is, and is handed over with every call.
 * Promise: members that are made to collide cost no more than reading the run through.
 */

import { equalBytes, viewOf } from "../../memory/bytes.ts";
import { PackedReader } from "../../memory/packed.ts";

/** Most members of a packed set. */
export const PACKED_MEMBERS_MAX = 128;
/** At most half of the slots are taken. */
const SLOTS = 2 * PACKED_MEMBERS_MAX;
/** An odd number whose bits look random. */
const FACTOR = 0x9e3779b1;

/** See above. It can be loaded again and again. */
export class MemberIndex {
  /** Numbers of members plus 1; 0: empty. */
  readonly #slots = new Uint8Array(SLOTS);
  readonly #hashes = new Int32Array(PACKED_MEMBERS_MAX);
  readonly #starts = new Int32Array(PACKED_MEMBERS_MAX);
  readonly #ends = new Int32Array(PACKED_MEMBERS_MAX);
  #count = 0;

  /** Takes in the members of the run `bytes[from .. to)`. */
  load(bytes: Uint8Array, from: number, to: number): void {
    this.#slots.fill(0);
    this.#count = 0;
    const run = new PackedReader(bytes, from, to);
    while (run.next()) this.add(bytes, run.start, run.end);
  }

  /** Takes in the member `bytes[start .. end)`, which is not there yet. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const i = this.#count;
    if (i === PACKED_MEMBERS_MAX) throw new Error("set: more members than a packed set has");
    this.#count = i + 1;
    const hash = quickHash(bytes, start, end);
    this.#hashes[i] = hash;
    this.#starts[i] = start;
    this.#ends[i] = end;
    const slots = this.#slots;
    let at = hash & (SLOTS - 1);
    while (slots[at] !== 0) at = (at + 1) & (SLOTS - 1);
    slots[at] = i + 1;
  }

  /** Whether `buf[start .. end)` is a member of the run that `bytes` hold. */
  has(bytes: Uint8Array, buf: Uint8Array, start: number, end: number): boolean {
    const hash = quickHash(buf, start, end);
    const slots = this.#slots;
    for (let at = hash & (SLOTS - 1); slots[at] !== 0; at = (at + 1) & (SLOTS - 1)) {
      const i = slots[at] - 1;
      if (this.#hashes[i] !== hash) continue;
      const first = this.#starts[i];
      const length = this.#ends[i] - first;
      if (length === end - start && equalBytes(bytes, first, buf, start, length)) return true;
    }
    return false;
  }
}

/** A hash for members of one small set: without a secret, see the promise above. */
export function quickHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  const view = viewOf(bytes);
  for (; at + 4 <= end; at += 4) {
    const word = view !== undefined
      ? view.getInt32(at, true)
      : bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    hash = Math.imul(hash ^ word, FACTOR);
    hash ^= hash >>> 15;
  }
  let last = 0;
  for (; at < end; at++) last = (last << 8) | bytes[at];
  hash = Math.imul(hash ^ last, FACTOR);
  return hash ^ (hash >>> 15);
}
