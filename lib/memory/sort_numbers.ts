/**
 * Puts numbers of elements in order, by a comparison of two of them.
 *
 * A merge sort from the bottom up, which takes nothing from the heap once its room has grown. What
 * is in order already is passed over: two sets that are in order, one behind the other, take one
 * merge. (`Int32Array.sort` with a comparison takes a copy and costs twice as much.)
 */

/** Orders two elements by their numbers: below 0 where `a` comes first. */
export interface Comparison {
  compare(a: number, b: number): number;
}

/** Runs of this length are sorted by insertion. */
const INSERTION_LENGTH = 8;
const ROOM_MIN = 64;

let room = new Int32Array(ROOM_MIN);
/** Room larger than this is not kept. */
const ROOM_KEPT_MAX = 1 << 16;

/** Sorts `order[0 .. count)`; elements that are equal stay as they stand. */
export function sortNumbers(order: Int32Array, count: number, by: Comparison): void {
  for (let from = 0; from < count; from += INSERTION_LENGTH) {
    insertionSort(order, from, Math.min(from + INSERTION_LENGTH, count), by);
  }
  if (count <= INSERTION_LENGTH) return;
  if (room.length < count) room = new Int32Array(Math.max(count, 2 * room.length));
  for (let length = INSERTION_LENGTH; length < count; length *= 2) {
    for (let from = 0; from + length < count; from += 2 * length) {
      merge(order, from, from + length, Math.min(from + 2 * length, count), by);
    }
  }
  if (room.length > ROOM_KEPT_MAX) room = new Int32Array(ROOM_MIN);
}

function insertionSort(order: Int32Array, from: number, to: number, by: Comparison): void {
  for (let i = from + 1; i < to; i++) {
    const element = order[i];
    let at = i;
    for (; at > from && by.compare(order[at - 1], element) > 0; at--) order[at] = order[at - 1];
    order[at] = element;
  }
}

/** Merges two sorted runs, `from .. middle` and `middle .. to`. */
function merge(
  order: Int32Array,
  from: number,
  middle: number,
  to: number,
  by: Comparison,
): void {
  if (by.compare(order[middle - 1], order[middle]) <= 0) return;
  const count = middle - from;
  for (let i = 0; i < count; i++) room[i] = order[from + i];
  let left = 0;
  let right = middle;
  for (let at = from; left < count; at++) {
    const takesRight = right < to && by.compare(room[left], order[right]) > 0;
    order[at] = takesRight ? order[right++] : room[left++];
  }
}
