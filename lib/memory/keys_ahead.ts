/**
 * What commands that wait to be served will look up: so many keys and elements that the memory they
 * lead to is worth reading for all of them at once.
 *
 * A lookup among a million keys waits for memory three times (bucket, record, value), about 100 ns
 * each, one after the other. The reads of sixteen keys do not depend on each other: in a plain loop
 * the processor has them under way together, and the lookups then find everything in its cache.
 * Measured: 20 % of the CPU of a pipelined GET or SET on a million keys.
 *
 * Promise: it is a hint. What is read is thrown away; a wrong guess costs time and nothing else.
 */

import { equalBytes } from "./bytes.ts";

/** Most commands that are looked at ahead; what they lead to fits into the nearest caches. */
export const AHEAD_MAX = 64;

/** With fewer keys there is nothing to be had in parallel. */
export const KEYS_AHEAD_MIN = 3;

/** Where the offsets of the first argument after the name stand among those of its command. */
export const FIRST = 0;
/** Where those of the second stand: a field, a member of a set. */
export const SECOND = 2;
/** Where those of the last stand: a member of a sorted set, whose score comes before it. */
export const LAST = 4;
/** Offsets per command. */
export const OFFSETS = 6;

/** Keys and elements of up to {@linkcode AHEAD_MAX} commands. */
export class KeysAhead {
  /** How many commands there are. */
  count = 0;
  /** The bytes of each. */
  readonly bufs: Uint8Array[] = [];
  /** Start and end of each of three arguments in them, {@linkcode OFFSETS} per command. */
  readonly bounds = new Int32Array(AHEAD_MAX * OFFSETS);
  /** The records that the keys seem to lead to, once they have been warmed. */
  readonly refs: Int32Array = new Int32Array(AHEAD_MAX);
  /** Room for the hashes, and then the records, of elements. */
  readonly elements: Int32Array = new Int32Array(AHEAD_MAX);

  /** Whether an argument of command `i` is the same as that of the one before. */
  repeats(i: number, argument: number): boolean {
    const { bounds } = this;
    const at = i * OFFSETS + argument;
    const start = bounds[at];
    const length = bounds[at + 1] - start;
    const before = bounds[at - OFFSETS];
    if (bounds[at - OFFSETS + 1] - before !== length) return false;
    return equalBytes(this.bufs[i], start, this.bufs[i - 1], before, length);
  }

  /** Forgets them, and the buffers they stand in. */
  clear(): void {
    this.count = 0;
    this.bufs.length = 0;
  }

  /** Whether there is no room for another. */
  get isFull(): boolean {
    return this.count === AHEAD_MAX;
  }
}
