/** The options of SORT and SORT_RO, and the patterns that BY and GET take. */

import type { Args } from "../resp/args.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";

const STAR = 0x2a;
const HASH_SIGN = 0x23;
const DASH = 0x2d;
const GREATER = 0x3e;

/**
 * Where to look a value up for an element: `weight_*` is a key with the element in place of the
 * star, `user_*->age` a field of a hash, `#` the element itself.
 */
export interface Pattern {
  /** The pattern is `args.buf[start .. end)`; what follows are offsets in it. */
  readonly start: number;
  /** Where the star is; -1: there is none, and nothing is ever found. */
  readonly star: number;
  /** Where the name of the key ends. */
  readonly keyEnd: number;
  /** Where the name of the field begins; -1: the key is a string. */
  readonly field: number;
  readonly end: number;
  /** Whether it is `#`. */
  readonly isElement: boolean;
}

/** Argument `i` as a pattern. As in C, neither star nor arrow is looked for behind a zero byte. */
function patternAt(args: Args, i: number): Pattern {
  const { buf } = args;
  const start = args.start(i);
  const end = args.end(i);
  let textEnd = start;
  while (textEnd < end && buf[textEnd] !== 0) textEnd++;
  let star = start;
  while (star < textEnd && buf[star] !== STAR) star++;
  if (star === textEnd) star = -1;
  const isElement = end - start === 1 && buf[start] === HASH_SIGN;
  const arrow = star < 0 ? -1 : findArrow(buf, star + 1, textEnd);
  if (arrow < 0) return { start, star, keyEnd: end, field: -1, end, isElement };
  return { start, star, keyEnd: arrow, field: arrow + 2, end, isElement };
}

/** Where the first `->` of a text is; -1: there is none, or nothing stands behind it. */
function findArrow(buf: Uint8Array, from: number, textEnd: number): number {
  for (let at = from; at + 1 < textEnd; at++) {
    if (buf[at] === DASH && buf[at + 1] === GREATER) return at + 2 < textEnd ? at : -1;
  }
  return -1;
}

/** What SORT was told. */
export interface SortOptions {
  /** What is compared; undefined: the elements themselves. */
  by: Pattern | undefined;
  /** Leave the order as it is: a BY had no star. */
  unsorted: boolean;
  /** Compare bytes, not numbers. */
  alpha: boolean;
  descending: boolean;
  /** LIMIT: the first element that is wanted, and how many; negative: all. */
  offset: number;
  count: number;
  /** What is returned of each element; none: the element. */
  readonly gets: Pattern[];
  /** The argument that names where the result is stored; 0: it is returned. */
  storeAt: number;
}

/** Reads the options from argument 2 on; undefined: the error is answered. */
export function readSortOptions(ctx: Context, mayStore: boolean): SortOptions | undefined {
  const { args } = ctx;
  const options: SortOptions = {
    by: undefined,
    unsorted: false,
    alpha: false,
    descending: false,
    offset: 0,
    count: -1,
    gets: [],
    storeAt: 0,
  };
  for (let i = 2; i < args.count; i++) {
    const left = args.count - i - 1;
    if (args.is(i, "ASC")) options.descending = false;
    else if (args.is(i, "DESC")) options.descending = true;
    else if (args.is(i, "ALPHA")) options.alpha = true;
    else if (left >= 2 && args.is(i, "LIMIT")) {
      const offset = ctx.integer(i + 1);
      const count = offset === undefined ? undefined : ctx.integer(i + 2);
      if (offset === undefined || count === undefined) return undefined;
      options.offset = Number(offset);
      options.count = Number(count);
      i += 2;
    } else if (left >= 1 && mayStore && args.is(i, "STORE")) {
      options.storeAt = ++i;
    } else if (left >= 1 && args.is(i, "BY")) {
      options.by = patternAt(args, ++i);
      if (options.by.star < 0) options.unsorted = true;
    } else if (left >= 1 && args.is(i, "GET")) {
      options.gets.push(patternAt(args, ++i));
    } else {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
  }
  return options;
}

/** The argument that a SORT's STORE names, without a look at whether the rest makes sense; 0: none. */
export function findStore(args: Args): number {
  let storeAt = 0;
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "LIMIT")) i += 2;
    else if (args.is(i, "GET") || args.is(i, "BY")) i++;
    else if (args.is(i, "STORE") && i + 1 < args.count) storeAt = i + 1;
  }
  return storeAt;
}
