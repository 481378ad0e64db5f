/** How long a blocking command may wait, as its arguments say. */

import { parseLongDouble } from "../numbers/long_double.ts";
import type { Context } from "./context.ts";

const NOT_A_FLOAT = "ERR timeout is not a float or out of range";
const NOT_AN_INTEGER = "ERR timeout is not an integer or out of range";
const NEGATIVE = "ERR timeout is negative";
/** From here on Redis's number of milliseconds, an int64, is none. */
const MS_END = 2 ** 63;
/** Numbers of so many digits are read at once. */
const WHOLE_DIGITS_MAX = 9;

/**
 * Argument `i`, seconds with a fraction, in ms (0: for ever). Undefined: it is none, an error has
 * been answered.
 */
export function waitSeconds(ctx: Context, i: number): number | undefined {
  const { args, reply } = ctx;
  const whole_s = wholeSeconds(args.buf, args.start(i), args.end(i));
  if (whole_s >= 0) return whole_s * 1000;
  const seconds = parseLongDouble(args.buf, args.start(i), args.end(i));
  if (seconds === undefined) return void reply.error(NOT_A_FLOAT);
  const wait_ms = Math.ceil(Number(seconds.significand) * 2 ** seconds.exponent * 1000);
  // What does not fit into an int64 becomes the smallest one in Redis.
  if (wait_ms < 0 || wait_ms >= MS_END) return void reply.error(NEGATIVE);
  // Any time is some: even what a double cannot tell from 0.
  return seconds.significand > 0n ? Math.max(wait_ms, 1) : 0;
}

/** The number in `buf[start .. end)` if it is nothing but a few digits; else -1. */
function wholeSeconds(buf: Uint8Array, start: number, end: number): number {
  if (start === end || end - start > WHOLE_DIGITS_MAX) return -1;
  let number = 0;
  for (let k = start; k < end; k++) {
    const digit = buf[k] - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** Argument `i`, milliseconds (0: for ever). Undefined: it is none, an error has been answered. */
export function waitMilliseconds(ctx: Context, i: number): number | undefined {
  const wait_ms = ctx.integer(i, NOT_AN_INTEGER);
  if (wait_ms === undefined) return undefined;
  if (wait_ms < 0) return void ctx.reply.error(NEGATIVE);
  return Number(wait_ms);
}
