/**
 * The bounds of ranges, as arguments: of scores (`1`, `(1`, `-inf`) and of members (`-`, `[a`, `(a`,
 * `+`).
 *
 * Promise: a score is read as C's strtod reads it, as in Redis: space may come before it, a zero byte
 * ends it, 1e400 is infinite, and no text at all is 0.
 */

import { parseDouble } from "../numbers/double.ts";
import { scanFloat } from "../numbers/float_text.ts";
import type { Args } from "../resp/args.ts";
import type { LexBound, LexRange, ScoreRange } from "../types/zset/range.ts";

/** Redis's text for bounds that are no scores. */
export const NOT_SCORES = "ERR min or max is not a float";
/** Redis's text for bounds that are no members. */
export const NOT_MEMBERS = "ERR min or max not valid string range item";

const SPACE = 0x20;
const OPEN = 0x28;
const PLUS = 0x2b;
const MINUS = 0x2d;
const BRACKET = 0x5b;

/** The range from argument `min` to argument `max`; undefined: they are no scores. */
export function scoreRange(args: Args, min: number, max: number): ScoreRange | undefined {
  const minExclusive = startsWith(args, min, OPEN);
  const maxExclusive = startsWith(args, max, OPEN);
  const low = bound(args, min, minExclusive);
  const high = bound(args, max, maxExclusive);
  if (low === undefined || high === undefined) return undefined;
  return { min: low, max: high, minExclusive, maxExclusive };
}

function startsWith(args: Args, i: number, byte: number): boolean {
  return args.length(i) > 0 && args.buf[args.start(i)] === byte;
}

function bound(args: Args, i: number, exclusive: boolean): number | undefined {
  const start = args.start(i) + (exclusive ? 1 : 0);
  return parseDouble(args.buf, start, args.end(i)) ?? loose(args, start, args.end(i));
}

/** What strtod takes beyond {@linkcode parseDouble}. */
function loose({ buf }: Args, start: number, end: number): number | undefined {
  for (let i = start; i < end; i++) if (buf[i] === 0) end = i;
  if (start === end) return 0;
  while (start < end && (buf[start] === SPACE || (buf[start] >= 9 && buf[start] <= 13))) start++;
  const value = parseDouble(buf, start, end);
  if (value !== undefined) return value;
  const text = scanFloat(buf, start, end);
  if (text === undefined) return undefined;
  // It is too large or too small for a double.
  const magnitude = text.radix === 10
    ? Number(`${text.digits}e${text.scale}`)
    : text.scale > 0
    ? Infinity
    : 0;
  return text.negative ? -magnitude : magnitude;
}

/** The range from argument `min` to argument `max`; undefined: they are no bounds of members. */
export function lexRange(args: Args, min: number, max: number): LexRange | undefined {
  const low = lexBound(args, min);
  const high = lexBound(args, max);
  return low === undefined || high === undefined ? undefined : { min: low, max: high };
}

function lexBound(args: Args, i: number): LexBound | undefined {
  const { buf } = args;
  const start = args.start(i);
  const end = args.end(i);
  if (start === end) return undefined;
  const first = buf[start];
  if (first === OPEN || first === BRACKET) {
    return { kind: "member", buf, start: start + 1, end, exclusive: first === OPEN };
  }
  // In Redis a zero byte ends the text.
  if ((first !== PLUS && first !== MINUS) || (end - start > 1 && buf[start + 1] !== 0)) {
    return undefined;
  }
  return { kind: first === PLUS ? "highest" : "lowest", buf, start, end, exclusive: false };
}
