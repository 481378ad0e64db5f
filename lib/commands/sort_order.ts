/**
 * The order that SORT brings elements into: by number or by bytes, their own or looked-up ones.
 *
 * Promise: the order of equal elements of a set or sorted set does not depend on chance, so that a
 * logged SORT ... STORE replays to the same list.
 */

import { compareRuns, viewOf } from "../memory/bytes.ts";
import { parseDouble } from "../numbers/double.ts";
import { ByteList } from "./byte_list.ts";
import type { SortLookup } from "./sort_lookup.ts";
import type { Comparison } from "../memory/sort_numbers.ts";
import type { Pattern, SortOptions } from "./sort_options.ts";

/** The smallest double that strtod reads without complaint. */
const NORMAL_MIN = 2 ** -1022;
/** Bytes of a text that are compared as one number; a double is exact so far. */
const PREFIX_BYTES = 6;
/** In the place of such a number: what was not found comes before everything. */
const MISSING = -1;
const WEIGHTS_MIN = 64;
/** Memory for more weights than this is given back after use. */
const KEPT_WEIGHTS_MAX = 1 << 14;

/** Where a text ends: as for C, with the run or at a zero byte. */
function textEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const view = viewOf(bytes);
  if (view !== undefined) {
    for (; at + 4 <= end; at += 4) { // four bytes at once: is one of them zero?
      const word = view.getInt32(at);
      if (((word - 0x01010101) & ~word & 0x80808080) !== 0) break;
    }
  }
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

/** The first bytes of a text as a number that orders texts as these bytes do. */
function prefixOf(bytes: Uint8Array, start: number, end: number): number {
  let prefix = 0;
  for (let at = start; at < start + PREFIX_BYTES; at++) {
    prefix = prefix * 256 + (at < end ? bytes[at] : 0);
  }
  return prefix;
}

/**
 * What elements are ordered by: a number for each, and where two are the same, bytes. Numbers by
 * themselves, texts by their first bytes as a number.
 *
 *     if (weights.load(elements, options, lookup, inOrder)) order.sort(elements.count, wanted, weights);
 */
export class Weights implements Comparison {
  #numbers = new Float64Array(WEIGHTS_MIN);
  /** Where each text ends, see {@linkcode Weights.#loadTexts}. */
  #textEnds = new Float64Array(WEIGHTS_MIN);
  /** Texts that were looked up. */
  readonly #found = new ByteList();
  /** The texts that are compared; undefined: there are none, only numbers. */
  #texts: ByteList | undefined;
  #elements: ByteList = this.#found;
  #sign = 1;
  #inOrder = false;
  /** Bytes that all texts begin with. */
  #shared = 0;

  /**
   * Takes the weights of `elements`; false: one is no number, though numbers are asked for.
   *
   * @param inOrder the elements are a list's, where equal ones stay as they stand.
   */
  load(elements: ByteList, options: SortOptions, lookup: SortLookup, inOrder: boolean): boolean {
    this.#elements = elements;
    this.#sign = options.descending ? -1 : 1;
    this.#inOrder = inOrder;
    this.#texts = undefined;
    this.#reserve(elements.count);
    if (!options.alpha) return this.#loadNumbers(elements, options, lookup);
    this.#loadTexts(elements, options, lookup);
    return true;
  }

  compare(a: number, b: number): number {
    const x = this.#numbers[a];
    const y = this.#numbers[b];
    if (x !== y) return x < y ? -this.#sign : this.#sign;
    return this.#compareEqual(a, b);
  }

  /** Gives memory back if it is much. */
  release(): void {
    this.#found.release();
    if (this.#numbers.length <= KEPT_WEIGHTS_MAX) return;
    this.#numbers = new Float64Array(WEIGHTS_MIN);
    this.#textEnds = new Float64Array(WEIGHTS_MIN);
  }

  #compareEqual(a: number, b: number): number {
    const texts = this.#texts;
    const elements = this.#elements;
    if (texts === undefined) return compareElements(elements, a, b) * this.#sign;
    if (this.#numbers[a] !== MISSING) {
      const shared = this.#shared;
      const { bytes } = texts;
      const x = texts.start(a) + shared;
      const y = texts.start(b) + shared;
      const order = compareRuns(bytes, x, this.#textEnds[a], bytes, y, this.#textEnds[b]) *
        this.#sign;
      if (order !== 0) return order;
    }
    return this.#inOrder ? 0 : compareElements(elements, a, b);
  }

  /** Every element is looked up, even if the first is no number: what has expired goes. */
  #loadNumbers(elements: ByteList, { by }: SortOptions, lookup: SortLookup): boolean {
    const { bytes, count } = elements;
    const numbers = this.#numbers;
    let readable = true;
    for (let i = 0; i < count; i++) {
      const start = elements.start(i);
      const end = elements.end(i);
      let value: number | undefined;
      if (by === undefined) value = readNumber(bytes, start, end);
      else if (!lookup.find(by, bytes, start, end)) value = 0;
      else value = readNumber(lookup.bytes, lookup.start, lookup.end);
      if (value === undefined) readable = false;
      else numbers[i] = value;
    }
    return readable;
  }

  /**
   * What is returned is compared as C compares texts in its own locale (to the first zero byte),
   * what is stored is compared whole.
   */
  #loadTexts(elements: ByteList, { by, storeAt }: SortOptions, lookup: SortLookup): void {
    const { count } = elements;
    const numbers = this.#numbers;
    const textEnds = this.#textEnds;
    const texts = this.#texts = by === undefined ? elements : this.#found;
    if (by !== undefined) this.#findTexts(elements, by, lookup);
    else numbers.fill(0, 0, count);
    for (let i = 0; i < count; i++) {
      const end = texts.end(i);
      textEnds[i] = storeAt === 0 ? textEnd(texts.bytes, texts.start(i), end) : end;
    }
    const shared = this.#shared = this.#sharedLength(texts);
    for (let i = 0; i < count; i++) {
      if (numbers[i] === MISSING) continue;
      numbers[i] = prefixOf(texts.bytes, texts.start(i) + shared, textEnds[i]);
    }
  }

  /** Gathers the texts that `by` names, an empty one with the number MISSING for what is not there. */
  #findTexts(elements: ByteList, by: Pattern, lookup: SortLookup): void {
    const texts = this.#found;
    texts.clear();
    for (let i = 0; i < elements.count; i++) {
      const found = lookup.find(by, elements.bytes, elements.start(i), elements.end(i));
      texts.push(lookup.bytes, lookup.start, found ? lookup.end : lookup.start);
      this.#numbers[i] = found ? 0 : MISSING;
    }
  }

  /** How many bytes all texts begin with in common: `user:1` and `user:2` differ behind them. */
  #sharedLength(texts: ByteList): number {
    const { bytes, count } = texts;
    let first = 0;
    while (first < count && this.#numbers[first] === MISSING) first++;
    if (first === count) return 0;
    const from = texts.start(first);
    let shared = this.#textEnds[first] - from;
    for (let i = first + 1; i < count && shared > 0; i++) {
      if (this.#numbers[i] === MISSING) continue;
      const start = texts.start(i);
      shared = Math.min(shared, this.#textEnds[i] - start);
      let length = 0;
      while (length < shared && bytes[from + length] === bytes[start + length]) length++;
      shared = length;
    }
    return shared;
  }

  #reserve(count: number): void {
    if (count <= this.#numbers.length) return;
    const length = Math.max(count, this.#numbers.length * 2);
    this.#numbers = new Float64Array(length);
    this.#textEnds = new Float64Array(length);
  }
}

function compareElements(elements: ByteList, a: number, b: number): number {
  const { bytes } = elements;
  const [from, to] = [elements.start(b), elements.end(b)];
  return compareRuns(bytes, elements.start(a), elements.end(a), bytes, from, to);
}
