/**
 * The order that SORT brings elements into: by number or by bytes, their own or looked-up ones.
 *
 * Promise: the order of equal elements of a set or sorted set does not depend on chance, so that a
 * logged SORT ... STORE replays to the same list.
 */

import { parseDouble } from "../numbers/double.ts";
import { ByteList } from "./sort_elements.ts";
import type { SortLookup } from "./sort_lookup.ts";
import type { SortOptions } from "./sort_options.ts";

/** The smallest double that strtod reads without complaint. */
const NORMAL_MIN = 2 ** -1022;

/** Orders two elements, given by their numbers. */
type Comparator = (a: number, b: number) => number;

/** Whether the text goes on at `at`: as for C, it ends with the run or at a zero byte. */
function textEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at++;
  return at;
}

/** A number as strtod reads it: leading space is skipped, no text at all is 0. */
function readNumber(bytes: Uint8Array, start: number, end: number): number | undefined {
  const last = textEnd(bytes, start, end);
  let at = start;
  while (at < last && (bytes[at] === 32 || (bytes[at] >= 9 && bytes[at] <= 13))) at++;
  if (at === last) return last === start ? 0 : undefined;
  const value = parseDouble(bytes, at, last);
  if (value === undefined || (value !== 0 && Math.abs(value) < NORMAL_MIN)) return undefined;
  return value;
}

/** Compares as memcmp does, the shorter first where one begins the other. */
function compareRuns(list: ByteList, a: number, b: number, asText: boolean): number {
  const { bytes } = list;
  const end = (i: number) => asText ? textEnd(bytes, list.start(i), list.end(i)) : list.end(i);
  return bytes.compare(bytes, list.start(b), end(b), list.start(a), end(a));
}

/** By number; equal ones by their bytes. Undefined: something is no number. */
function byNumber(
  elements: ByteList,
  options: SortOptions,
  lookup: SortLookup,
): Comparator | undefined {
  const { by } = options;
  const numbers = new Float64Array(elements.count);
  let readable = true;
  for (let i = 0; i < elements.count; i++) {
    const [start, end] = [elements.start(i), elements.end(i)];
    let value: number | undefined;
    if (by === undefined) value = readNumber(elements.bytes, start, end);
    else if (!lookup.find(by, elements.bytes, start, end)) value = 0;
    else value = readNumber(lookup.bytes, lookup.start, lookup.end);
    if (value === undefined) readable = false;
    else numbers[i] = value;
  }
  if (!readable) return undefined;
  return (a, b) => {
    const x = numbers[a];
    const y = numbers[b];
    return x < y ? -1 : x > y ? 1 : compareRuns(elements, a, b, false);
  };
}

/**
 * By bytes. What is returned is compared as C compares texts in its own locale (to the first zero
 * byte), what is stored is compared whole.
 */
function byBytes(elements: ByteList, options: SortOptions, lookup: SortLookup): Comparator {
  const { by } = options;
  const asText = options.storeAt === 0;
  if (by === undefined) return (a, b) => compareRuns(elements, a, b, asText);
  const weights = new ByteList(elements.count);
  const missing = new Uint8Array(elements.count);
  for (let i = 0; i < elements.count; i++) {
    if (lookup.find(by, elements.bytes, elements.start(i), elements.end(i))) {
      weights.push(lookup.bytes, lookup.start, lookup.end);
    } else {
      weights.push(elements.bytes, 0, 0);
      missing[i] = 1;
    }
  }
  return (a, b) => {
    if (missing[a] + missing[b] > 0) return missing[b] - missing[a];
    return compareRuns(weights, a, b, asText);
  };
}

/**
 * The numbers of the elements in the order that the options ask for; undefined: an element or its
 * weight is no number. `inOrder`: the elements of a list, where equal ones stay as they stand.
 */
export function sortedOrder(
  elements: ByteList,
  options: SortOptions,
  lookup: SortLookup,
  inOrder: boolean,
): Uint32Array | undefined {
  const compare = options.alpha
    ? byBytes(elements, options, lookup)
    : byNumber(elements, options, lookup);
  if (compare === undefined) return undefined;
  const sign = options.descending ? -1 : 1;
  const order = unsortedOrder(elements);
  return order.sort((a, b) => {
    const compared = compare(a, b) * sign;
    return compared !== 0 || inOrder ? compared : compareRuns(elements, a, b, false);
  });
}

/** The numbers of the elements as they come. */
export function unsortedOrder(elements: ByteList): Uint32Array {
  return Uint32Array.from({ length: elements.count }, (_, i) => i);
}
