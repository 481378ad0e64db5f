/**
 * The arguments of the ZRANGE family: what the range is given by, in which direction it is answered,
 * LIMIT and WITHSCORES. Where they make no sense, Redis's error is answered.
 */

import type { LexRange, ScoreRange } from "../types/zset/range.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { lexRange, NOT_MEMBERS, NOT_SCORES, scoreRange } from "./zset_bounds.ts";

const LIMIT_BY_RANK = "ERR syntax error, LIMIT is only supported in combination with either " +
  "BYSCORE or BYLEX";
const SCORES_BY_LEX = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

/** What a command settles by its name; undefined: its options do. */
export interface RangeForm {
  readonly by: "rank" | "score" | "lex" | undefined;
  readonly backwards: boolean | undefined;
}

/** A range as it was given. Ranks below 0 count from the end. */
export type GivenRange =
  | { readonly by: "rank"; readonly start: number; readonly stop: number }
  | { readonly by: "score"; readonly scores: ScoreRange }
  | { readonly by: "lex"; readonly members: LexRange };

/** What is asked for. */
export interface RangeRequest {
  readonly range: GivenRange;
  readonly backwards: boolean;
  readonly withScores: boolean;
  /** How many are left out at the beginning; below 0: all. */
  readonly offset: number;
  /** How many are wanted; below 0: all. */
  readonly count: number;
}

/** The options behind the range. */
interface RangeOptions {
  by: "rank" | "score" | "lex";
  backwards: boolean;
  withScores: boolean;
  offset: number;
  count: number;
}

/**
 * Reads the arguments behind the key in argument `key`. `stores`: there is no WITHSCORES. Undefined:
 * an error has been answered.
 */
export function readRange(
  ctx: Context,
  key: number,
  form: RangeForm,
  stores: boolean,
): RangeRequest | undefined {
  const options = readOptions(ctx, key + 3, form, stores);
  if (options === undefined) return undefined;
  const { by, backwards, withScores, offset, count } = options;
  if (count !== -1 && by === "rank") return refuse(ctx, LIMIT_BY_RANK);
  if (withScores && by === "lex") return refuse(ctx, SCORES_BY_LEX);
  const swapped = backwards && by !== "rank";
  const range = givenRange(ctx, by, swapped ? key + 2 : key + 1, swapped ? key + 1 : key + 2);
  return range && { range, backwards, withScores, offset, count };
}

function refuse(ctx: Context, error: string): undefined {
  ctx.reply.error(error);
}

function readOptions(
  ctx: Context,
  first: number,
  form: RangeForm,
  stores: boolean,
): RangeOptions | undefined {
  const { args } = ctx;
  let { by, backwards } = form;
  let withScores = false;
  let offset = 0;
  let count = -1;
  for (let i = first; i < args.count; i++) {
    if (!stores && args.is(i, "WITHSCORES")) {
      withScores = true;
    } else if (args.is(i, "LIMIT") && i + 2 < args.count) {
      const given = ctx.integer(i + 1);
      const limit = given === undefined ? undefined : ctx.integer(i + 2);
      if (given === undefined || limit === undefined) return undefined;
      offset = Number(given);
      count = Number(limit);
      i += 2;
    } else if (backwards === undefined && args.is(i, "REV")) {
      backwards = true;
    } else if (by === undefined && args.is(i, "BYLEX")) {
      by = "lex";
    } else if (by === undefined && args.is(i, "BYSCORE")) {
      by = "score";
    } else {
      return refuse(ctx, SYNTAX_ERROR);
    }
  }
  return { by: by ?? "rank", backwards: backwards ?? false, withScores, offset, count };
}

function givenRange(
  ctx: Context,
  by: "rank" | "score" | "lex",
  min: number,
  max: number,
): GivenRange | undefined {
  if (by === "rank") {
    const start = ctx.integer(min);
    const stop = start === undefined ? undefined : ctx.integer(max);
    if (start === undefined || stop === undefined) return undefined;
    return { by, start: Number(start), stop: Number(stop) };
  }
  if (by === "score") {
    const scores = scoreRange(ctx.args, min, max);
    return scores === undefined ? refuse(ctx, NOT_SCORES) : { by, scores };
  }
  const members = lexRange(ctx.args, min, max);
  return members === undefined ? refuse(ctx, NOT_MEMBERS) : { by, members };
}
