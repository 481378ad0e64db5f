/**
 * What the commands of the SCAN family read alike: the cursor, MATCH, COUNT and TYPE.
 *
 * Promise: a cursor is read as C's strtoul reads it, as Redis does, so that what it takes and what
 * it rejects is the same; whatever number a client makes up, a scan goes on from somewhere.
 */

import { type Context, SYNTAX_ERROR } from "./context.ts";

const UINT64_MAX = 2n ** 64n - 1n;
const UINT64_DIGITS = 20;
const COUNT_DEFAULT = 10;

/** The options of one scan. */
export interface ScanOptions {
  /** Glob pattern; undefined: everything matches. Valid as long as the arguments are. */
  readonly pattern: Uint8Array | undefined;
  /** About how many elements are to be looked at in one call; at least 1. */
  readonly count: number;
  /** Name of a type in small letters, be there such a type or not. */
  readonly type: string | undefined;
}

/** Argument `i` as a cursor, its low 32 bits; if it is none, answers so: undefined. */
export function readCursor(ctx: Context, i: number): number | undefined {
  const plain = ctx.args.int64(i);
  if (typeof plain === "number" && plain >= 0) return plain < 2 ** 32 ? plain : plain % 2 ** 32;
  // For strtoul a text ends at the first NUL, and no text at all is 0.
  const match = /^(?:([+-]?)(?=\d)0*(\d*))?(?:\0|$)/.exec(ctx.args.text(i));
  const digits = match?.[2] ?? "";
  const value = digits.length > UINT64_DIGITS ? UINT64_MAX + 1n : BigInt(digits);
  if (match === null || value > UINT64_MAX) {
    ctx.reply.error("ERR invalid cursor");
    return undefined;
  }
  return Number(BigInt.asUintN(32, match[1] === "-" ? -value : value));
}

/** The options from argument `first` on; if they make no sense, answers so: undefined. */
export function readScanOptions(
  ctx: Context,
  first: number,
  knowsType: boolean,
): ScanOptions | undefined {
  const { args } = ctx;
  let pattern: Uint8Array | undefined;
  let count: number | bigint | undefined = COUNT_DEFAULT;
  let type: string | undefined;
  for (let i = first; i < args.count; i += 2) {
    const hasValue = i + 1 < args.count;
    if (hasValue && args.is(i, "COUNT")) {
      count = ctx.integer(i + 1);
      if (count === undefined) return undefined;
      if (count < 1) return refuse(ctx);
    } else if (hasValue && args.is(i, "MATCH")) {
      pattern = args.is(i + 1, "*") ? undefined : args.bytes(i + 1);
    } else if (hasValue && knowsType && args.is(i, "TYPE")) {
      type = args.text(i + 1).toLowerCase();
    } else {
      return refuse(ctx);
    }
  }
  return { pattern, count: Number(count), type };
}

function refuse(ctx: Context): undefined {
  ctx.reply.error(SYNTAX_ERROR);
}
