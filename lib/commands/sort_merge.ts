/**
 * The merge sort of SORT: the numbers of elements are moved, never the elements.
 *
 * Promise: elements that compare equal stay in the order of their numbers; whoever wants the first m
 * of n pays n + n log m comparisons at most.
 */

/** What numbers are ordered by: below 0 if `a` comes before `b`. */
export interface Comparison {
  compare(a: number, b: number): number;
}

/** Runs of this length are sorted by insertion. */
const RUN_LENGTH = 8;
/** To select m is sorting 2 m at a time, and at least so many. */
const SELECTED_MIN = 64;
/** Memory for more numbers than this is given back after use. */
const KEPT_COUNT_MAX = 1 << 14;

/** Numbers in an order, in memory that is used again. */
export class Order {
  /** Those that {@linkcode Order.fill} or {@linkcode Order.sort} was asked for, from the first on. */
  numbers: Uint32Array = new Uint32Array(RUN_LENGTH);
  #spare: Uint32Array = new Uint32Array(RUN_LENGTH);

  /** The numbers below `count` as they come. */
  fill(count: number): void {
    this.#reserve(count);
    const { numbers } = this;
    for (let i = 0; i < count; i++) numbers[i] = i;
  }

  /** The first `wanted` of the numbers below `count`. */
  sort(count: number, wanted: number, by: Comparison): void {
    if (wanted * 2 <= count && count > SELECTED_MIN) {
      if (wanted > 0) this.#select(count, wanted, by);
      return;
    }
    this.fill(count);
    this.#sort(count, by);
  }

  /** Gives memory back if it is much. */
  release(): void {
    if (this.numbers.length <= KEPT_COUNT_MAX) return;
    this.numbers = new Uint32Array(RUN_LENGTH);
    this.#spare = new Uint32Array(RUN_LENGTH);
  }

  /** Gathers what may be among the first; when twice too many are there, the later half goes. */
  #select(count: number, wanted: number, by: Comparison): void {
    const room = Math.max(wanted * 2, SELECTED_MIN);
    this.#reserve(room);
    let found = 0;
    let last = -1; // the last of the first `wanted` so far: an equal one that comes later is out
    for (let i = 0; i < count; i++) {
      if (last >= 0 && by.compare(i, last) >= 0) continue;
      this.numbers[found++] = i;
      if (found < room) continue;
      this.#sort(found, by);
      found = wanted;
      last = this.numbers[wanted - 1];
    }
    this.#sort(found, by);
  }

  /** Sorts `numbers[0 .. count)`. */
  #sort(count: number, by: Comparison): void {
    for (let from = 0; from < count; from += RUN_LENGTH) {
      sortByInsertion(this.numbers, from, Math.min(from + RUN_LENGTH, count), by);
    }
    for (let length = RUN_LENGTH; length < count; length *= 2) {
      const { numbers } = this;
      const spare = this.#spare;
      for (let from = 0; from < count; from += length * 2) {
        const middle = Math.min(from + length, count);
        merge(numbers, from, middle, Math.min(middle + length, count), spare, by);
      }
      this.numbers = spare;
      this.#spare = numbers;
    }
  }

  #reserve(count: number): void {
    if (count <= this.numbers.length) return;
    const length = Math.max(count, this.numbers.length * 2);
    this.numbers = new Uint32Array(length);
    this.#spare = new Uint32Array(length);
  }
}

function sortByInsertion(numbers: Uint32Array, from: number, to: number, by: Comparison): void {
  for (let i = from + 1; i < to; i++) {
    const moved = numbers[i];
    let at = i;
    for (; at > from && by.compare(numbers[at - 1], moved) > 0; at--) numbers[at] = numbers[at - 1];
    numbers[at] = moved;
  }
}

/** Merges `numbers[from .. middle)` and `numbers[middle .. to)` to the same place in `out`. */
function merge(
  numbers: Uint32Array,
  from: number,
  middle: number,
  to: number,
  out: Uint32Array,
  by: Comparison,
): void {
  let left = from;
  let right = middle;
  let at = from;
  const inOrder = middle === to || by.compare(numbers[middle - 1], numbers[middle]) <= 0;
  if (!inOrder) {
    while (left < middle && right < to) {
      out[at++] = by.compare(numbers[left], numbers[right]) <= 0
        ? numbers[left++]
        : numbers[right++];
    }
  }
  while (left < middle) out[at++] = numbers[left++];
  while (right < to) out[at++] = numbers[right++];
}
