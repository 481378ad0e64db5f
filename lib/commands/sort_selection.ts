/**
 * The order of SORT: the numbers of elements are moved, never the elements.
 *
 * Promise: elements that compare equal stay in the order of their numbers; whoever wants the first m
 * of n pays n + n log m comparisons at most.
 */

import { type Comparison, sortNumbers } from "../memory/sort_numbers.ts";

const COUNT_MIN = 8;
/** To select m is sorting 2 m at a time, and at least so many. */
const SELECTED_MIN = 64;
/** Memory for more numbers than this is given back after use. */
const KEPT_COUNT_MAX = 1 << 14;

/** Numbers in an order, in memory that is used again. */
export class Order {
  /** Those that {@linkcode Order.fill} or {@linkcode Order.sort} was asked for, from the first on. */
  numbers: Int32Array = new Int32Array(COUNT_MIN);

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
    sortNumbers(this.numbers, count, by);
  }

  /** Gives memory back if it is much. */
  release(): void {
    if (this.numbers.length <= KEPT_COUNT_MAX) return;
    this.numbers = new Int32Array(COUNT_MIN);
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
      sortNumbers(this.numbers, found, by);
      found = wanted;
      last = this.numbers[wanted - 1];
    }
    sortNumbers(this.numbers, found, by);
  }

  #reserve(count: number): void {
    if (count <= this.numbers.length) return;
    this.numbers = new Int32Array(Math.max(count, this.numbers.length * 2));
  }
}
