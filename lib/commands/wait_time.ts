/** How long a blocking command may wait, as its arguments say. */

import { parseLongDouble } from "../numbers/long_double.ts";
import type { Context } from "./context.ts";

const NOT_A_FLOAT = "ERR timeout is not a float or out of range";
const NOT_AN_INTEGER = "ERR timeout is not an integer or out of range";
const NEGATIVE = "ERR timeout is negative";
/** From here on Redis's number of milliseconds, an int64, is none. */
const MS_END = 2 ** 63;

/**
 * Argument `i`, seconds with a fraction, in ms (0: for ever). Undefined: it is none, an error has
 * been answered.
 */
export function waitSeconds(ctx: Context, i: number): number | undefined {
  const { args, reply } = ctx;
  const seconds = parseLongDouble(args.buf, args.start(i), args.end(i));
  if (seconds === undefined) return void reply.error(NOT_A_FLOAT);
  const wait_ms = Math.ceil(Number(seconds.significand) * 2 ** seconds.exponent * 1000);
  // What does not fit into an int64 becomes the smallest one in Redis.
  if (wait_ms < 0 || wait_ms >= MS_END) return void reply.error(NEGATIVE);
  // Any time is some: even what a double cannot tell from 0.
  return seconds.significand > 0n ? Math.max(wait_ms, 1) : 0;
}

/** Argument `i`, milliseconds (0: for ever). Undefined: it is none, an error has been answered. */
export function waitMilliseconds(ctx: Context, i: number): number | undefined {
  const wait_ms = ctx.integer(i, NOT_AN_INTEGER);
  if (wait_ms === undefined) return undefined;
  if (wait_ms < 0) return void ctx.reply.error(NEGATIVE);
  return Number(wait_ms);
}
