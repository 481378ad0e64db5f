/**
 * The options that SET and GETEX share: when the key is to expire, and under which condition the
 * command acts at all.
 *
 *     SET   key value [NX | XX] [GET] [EX s | PX ms | EXAT unix-s | PXAT unix-ms | KEEPTTL]
 *     GETEX key [EX s | PX ms | EXAT unix-s | PXAT unix-ms | PERSIST]
 *
 * Promise: options are checked in Redis's order, so that of two mistakes the same one is reported;
 * and what a caller gets is an absolute time, which is also what has to be logged.
 */

import type { Args } from "../resp/args.ts";
import type { Context } from "./context.ts";

/** One bit for each option. */
export const Option = {
  NX: 1 << 0,
  XX: 1 << 1,
  GET: 1 << 2,
  KEEPTTL: 1 << 3,
  PERSIST: 1 << 4,
  EX: 1 << 5,
  PX: 1 << 6,
  EXAT: 1 << 7,
  PXAT: 1 << 8,
} as const;

/** Options followed by a time. */
const TIMED = Option.EX | Option.PX | Option.EXAT | Option.PXAT;
/** Options of which only one may say what becomes of the expiry. */
const EXPIRY = TIMED | Option.KEEPTTL | Option.PERSIST;
/** Options whose time counts from now. */
const RELATIVE = Option.EX | Option.PX;
const IN_SECONDS = Option.EX | Option.EXAT;

/** All options of SET. */
export const SET_OPTIONS: number = Option.NX | Option.XX | Option.GET | Option.KEEPTTL | TIMED;
/** All options of GETEX. */
export const GETEX_OPTIONS: number = Option.PERSIST | TIMED;

const NOT_AN_OPTION = 0;
const MS_PER_SECOND = 1000;
const INT64_MAX = 2n ** 63n - 1n;
/** Times up to this stay exact as Numbers, in whatever unit and added to whatever clock. */
const PLAIN_TIME_MAX = Number.MAX_SAFE_INTEGER / (2 * MS_PER_SECOND);

/** The options of one command, read; one object serves them all. */
export class StoreOptions {
  /** Bits of {@linkcode Option}. */
  bits = 0;
  /** The argument that holds the time; 0: there is none. */
  timeAt = 0;

  /** Whether any of the options in `mask` was given. */
  has(mask: number): boolean {
    return (this.bits & mask) !== 0;
  }

  /**
   * Reads the arguments from `first` on; `allowed` are the options that the command knows.
   *
   * @returns whether they make sense; if not, the answer is a syntax error.
   */
  read(args: Args, first: number, allowed: number): boolean {
    this.bits = 0;
    this.timeAt = 0;
    for (let i = first; i < args.count; i++) {
      const option = optionAt(args, i) & allowed;
      if (option === NOT_AN_OPTION || (this.bits & conflicts(option)) !== 0) return false;
      this.bits |= option;
      if ((option & TIMED) === 0) continue;
      if (++i === args.count) return false;
      this.timeAt = i;
    }
    return true;
  }

  /**
   * When the key is to expire, in ms since the epoch; there must be a time among the options. If it
   * makes no sense, answers so and returns undefined.
   */
  expiry(ctx: Context): number | bigint | undefined {
    return expiryTime(ctx, this.timeAt, this.has(IN_SECONDS), this.has(RELATIVE));
  }
}

/**
 * Argument `i` as a time in ms since the epoch: a Number while it is safe, a bigint past that. If
 * it is no integer, not above zero or past 64 bits, answers so and returns undefined.
 */
export function expiryTime(
  ctx: Context,
  i: number,
  inSeconds: boolean,
  isRelative: boolean,
): number | bigint | undefined {
  const time = ctx.integer(i);
  if (time === undefined) return undefined;
  const unit_ms = inSeconds ? MS_PER_SECOND : 1;
  const base_ms = isRelative ? ctx.now_ms : 0;
  if (typeof time === "number" && time > 0 && time <= PLAIN_TIME_MAX) {
    return time * unit_ms + base_ms;
  }
  const at_ms = BigInt(time) * BigInt(unit_ms) + BigInt(base_ms);
  if (time > 0 && at_ms <= INT64_MAX) {
    return at_ms <= Number.MAX_SAFE_INTEGER ? Number(at_ms) : at_ms;
  }
  ctx.reply.error(`ERR invalid expire time in '${ctx.command.fullName}' command`);
  return undefined;
}

function optionAt(args: Args, i: number): number {
  switch (args.length(i)) {
    case 2:
      if (args.is(i, "EX")) return Option.EX;
      if (args.is(i, "PX")) return Option.PX;
      if (args.is(i, "NX")) return Option.NX;
      return args.is(i, "XX") ? Option.XX : NOT_AN_OPTION;
    case 3:
      return args.is(i, "GET") ? Option.GET : NOT_AN_OPTION;
    case 4:
      if (args.is(i, "EXAT")) return Option.EXAT;
      return args.is(i, "PXAT") ? Option.PXAT : NOT_AN_OPTION;
    case 7:
      if (args.is(i, "KEEPTTL")) return Option.KEEPTTL;
      return args.is(i, "PERSIST") ? Option.PERSIST : NOT_AN_OPTION;
    default:
      return NOT_AN_OPTION;
  }
}

/** The options that may not have been given before this one. The same one twice is no conflict. */
function conflicts(option: number): number {
  if (option === Option.NX) return Option.XX;
  if (option === Option.XX) return Option.NX;
  return (option & EXPIRY) !== 0 ? EXPIRY & ~option : 0;
}
