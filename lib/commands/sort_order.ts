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

/** What elements are ordered by: numbers, and among those with the same number a comparison. */
interface Weights {
  readonly numbers: Float64Array;
  compareEqual(a: number, b: number): number;
}

/** Where a text ends: as for C, with the run or at a zero byte. */
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
  { by }: SortOptions,
  lookup: SortLookup,
): Weights | undefined {
  const numbers = new Float64Array(elements.count);
  let readable = true;
  for (let i = 0; i < elements.count; i++) {
    const start = elements.start(i);
    const end = elements.end(i);
    let value: number | undefined;
    if (by === undefined) value = readNumber(elements.bytes, start, end);
    else if (!lookup.find(by, elements.bytes, start, end)) value = 0;
    else value = readNumber(lookup.bytes, lookup.start, lookup.end);
    if (value === undefined) readable = false;
    else numbers[i] = value;
  }
  if (!readable) return undefined;
  return { numbers, compareEqual: (a, b) => compareRuns(elements, a, b, false) };
}

/** Bytes at the beginning of a text that are compared as one number; a double is exact so far. */
const PREFIX_BYTES = 6;
/** In the place of such a number: what was not found comes before everything. */
const MISSING = -1;

/** The first bytes of a text as a number that orders texts as these bytes do. */
function prefixOf(bytes: Uint8Array, start: number, end: number): number {
  let prefix = 0;
  for (let at = start; at < start + PREFIX_BYTES; at++) {
    prefix = prefix * 256 + (at < end ? bytes[at] : 0);
  }
  return prefix;
}

/**
 * By bytes. What is returned is compared as C compares texts in its own locale (to the first zero
 * byte), what is stored is compared whole.
 */
function byBytes(elements: ByteList, { by, storeAt }: SortOptions, lookup: SortLookup): Weights {
  const asText = storeAt === 0;
  const texts = by === undefined ? elements : new ByteList(elements.count);
  const numbers = new Float64Array(elements.count);
  for (let i = 0; i < elements.count; i++) {
    if (by !== undefined) {
      const found = lookup.find(by, elements.bytes, elements.start(i), elements.end(i));
      texts.push(lookup.bytes, lookup.start, found ? lookup.end : lookup.start);
      if (!found) {
        numbers[i] = MISSING;
        continue;
      }
    }
    const start = texts.start(i);
    const end = texts.end(i);
    numbers[i] = prefixOf(texts.bytes, start, asText ? textEnd(texts.bytes, start, end) : end);
  }
  return { numbers, compareEqual: (a, b) => compareRuns(texts, a, b, asText) };
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
  const weights = options.alpha
    ? byBytes(elements, options, lookup)
    : byNumber(elements, options, lookup);
  if (weights === undefined) return undefined;
  const { numbers } = weights;
  const sign = options.descending ? -1 : 1;
  return unsortedOrder(elements).sort((a, b) => {
    const x = numbers[a];
    const y = numbers[b];
    if (x !== y) return x < y ? -sign : sign;
    const compared = weights.compareEqual(a, b) * sign;
    return compared !== 0 || inOrder ? compared : compareRuns(elements, a, b, false);
  });
}

/** The numbers of the elements as they come. */
export function unsortedOrder(elements: ByteList): Uint32Array {
  const order = new Uint32Array(elements.count);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order;
}
